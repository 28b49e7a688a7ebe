//! Releases: what versions of an application there are, and which of two is the newer.

pub(crate) mod order;
