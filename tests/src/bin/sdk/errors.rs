//! Errors of several kinds.

use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;

/// An error with a source that has a source.
#[derive(Debug)]
pub(crate) struct NotSaved(NotWritten);

#[derive(Debug)]
struct NotWritten(std::io::Error);

impl NotSaved {
    pub(crate) fn new() -> NotSaved {
        NotSaved(NotWritten(std::io::Error::other("the disk is full")))
    }
}

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the picture cannot be saved")
    }
}

impl Error for NotSaved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file cannot be written")
    }
}

impl Error for NotWritten {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// An error that knows where it came from.
#[derive(Debug)]
pub(crate) struct Traced {
    #[expect(dead_code, reason = "shown by Debug")]
    backtrace: Backtrace,
}

#[inline(never)]
pub(crate) fn traced() -> Traced {
    Traced {
        backtrace: Backtrace::force_capture(),
    }
}

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the palette is empty")
    }
}

impl Error for Traced {}

/// An error whose sources go round for ever, and whose text is long.
#[derive(Debug)]
pub(crate) struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&"and so on ".repeat(1 << 20))
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Endless)
    }
}
