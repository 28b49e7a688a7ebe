//! The reporter's program on Windows, run by its path. The system does not let a program be replaced while it runs.

use std::io;
use std::path::{Path, PathBuf};

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
            Reporter::Beside => std::env::current_exe()?.with_file_name("afterword-reporter.exe"),
        };
        super::check_is_there(&path)?;
        Ok(Program { path })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
