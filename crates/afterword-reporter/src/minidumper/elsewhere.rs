//! Not here: on macOS a crash context travels over Mach ports, on Windows as pointers into the client.

use super::options::Settings;
use crate::Error;
use crate::ask::Shell;

pub(super) fn serve(_settings: &Settings, _shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    Err(Error::Usage {
        why: format!("{} works on Linux only", super::OPTION),
    })
}
