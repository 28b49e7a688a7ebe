//! The reporter's program on Linux, run by a descriptor.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::Reporter;

/// The reporter's program, held open: an update may replace the file while the app runs.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// None where the system cannot run it by a descriptor: a script, whose interpreter opens it by its name.
    open: Option<File>,
}

impl Program {
    /// Finds it and opens it. The app's own executable is named by `/proc/self/exe`.
    ///
    /// # Errors
    /// No such file, with its path; and [`Reporter::Itself`] in a process that `init` started as the reporter, which would
    /// start processes without end.
    pub(crate) fn find(reporter: &Reporter) -> io::Result<Program> {
        let path = match reporter {
            Reporter::Itself => PathBuf::from("/proc/self/exe"),
            Reporter::At(path) => path.clone(),
            Reporter::Beside => std::env::current_exe()?.with_file_name("afterword-reporter"),
        };
        super::check_is_there(&path)?;
        let open = File::open(&path).ok().filter(is_elf);
        Ok(Program { path, open })
    }

    /// Its path, which may name another file by now.
    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The open program, where it can be run by that.
    pub(crate) fn open(&self) -> Option<&File> {
        self.open.as_ref()
    }
}

fn is_elf(mut file: &File) -> bool {
    let mut magic = [0; 4];
    file.read_exact(&mut magic).is_ok() && magic == *b"\x7fELF"
}
