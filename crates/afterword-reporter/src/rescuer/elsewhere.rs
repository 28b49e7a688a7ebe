//! There is no rescuer on this system yet, and no crash handler that starts one.

use std::ffi::OsString;

use crate::Error;
use crate::ask::Shell;

/// # Errors
/// [`Error::Arguments`], always.
pub(crate) fn run(_arguments: &[OsString], _shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    Err(Error::Arguments {
        why: "there is no rescuer on this system".to_owned(),
    })
}
