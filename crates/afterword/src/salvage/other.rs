//! Processors whose registers this crate does not know: nothing is salvaged there.

use crash_handler::CrashContext;

pub(super) fn stack_pointer(_context: &CrashContext) -> Option<u64> {
    None
}

pub(super) fn fault_address(_context: &CrashContext) -> Option<u64> {
    None
}

pub(super) fn sanitised(_context: &CrashContext, _let_through: impl Fn(u64) -> u64) -> Option<&'static CrashContext> {
    None
}
