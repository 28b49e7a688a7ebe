//! Why `init` can fail.

/// What makes [`crate::Options::init`] fail. Everything else (no reporter, no place to store) is logged once, and the
/// application runs without us.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The DSN cannot be read. An empty one is no error: it turns everything off.
    #[error("the DSN {dsn:?} is not valid: {why}; it should look like https://KEY@HOST/PROJECT")]
    InvalidDsn {
        /// The DSN as given, its secret left out.
        dsn: String,
        /// What is wrong with it.
        why: String,
    },
    /// A setting, or a variable of the environment, has a value that it cannot have.
    #[error("{option} is not valid: {why}")]
    InvalidOption {
        /// The setting as in a settings table, or the variable.
        option: String,
        /// What is wrong with it.
        why: String,
    },
    /// `init` was called before in this process, and its crash handlers are in place.
    #[error("afterword is already initialised in this process")]
    AlreadyInitialised,
}

/// What makes [`crate::set_consent`] fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentError {
    /// There is nothing that a consent could be for.
    #[error("afterword is not initialised, or its DSN is empty")]
    Off,
    /// The choice could not be kept, or what it wants deleted could not be.
    #[error("the consent cannot be kept")]
    Store(#[from] afterword_store::Error),
}
