//! The reporter's program on macOS, run by its path: no program can be run by a descriptor here. Where an update replaces it
//! while the app runs, a reporter that has to be started again is the new one.

use std::io;
use std::path::PathBuf;

use crate::Reporter;

/// The reporter's program.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    /// Finds it.
    ///
    /// # Errors
    /// No such file, with its path.
    pub(crate) fn find(reporter: &Reporter) -> io::Result<Program> {
        let path = match reporter {
            Reporter::Itself => std::env::current_exe()?,
            Reporter::At(path) => path.clone(),
            Reporter::Beside => std::env::current_exe()?.with_file_name("afterword-reporter"),
        };
        super::check_is_there(&path)?;
        Ok(Program { path })
    }

    /// A path that leads to the program.
    pub(super) fn to_run(&self) -> PathBuf {
        self.path.clone()
    }
}
