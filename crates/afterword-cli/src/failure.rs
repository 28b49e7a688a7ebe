//! How a command fails: what it says, and its exit code.

use std::fmt;
use std::process::ExitCode;

/// The exit code after a failure; see `--help`.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not be done: 1.
    Failed(anyhow::Error),
    /// The person said no: 1, since it was not done.
    Declined(String),
    /// The arguments are wrong, and nothing was done: 2.
    Usage(String),
}

pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Failed(_) | Failure::Declined(_) => ExitCode::from(1),
            Failure::Usage(_) => ExitCode::from(2),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Failed(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(error) => write!(f, "error: {error:#}"),
            Failure::Usage(words) => write!(f, "error: {words}"),
            Failure::Declined(words) => f.write_str(words),
        }
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
