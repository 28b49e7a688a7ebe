//! The socket is Linux's.

pub(crate) fn run() {}
