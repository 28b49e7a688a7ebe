/// A console keeps what was typed; here it stays.
pub(super) fn discard() {}
