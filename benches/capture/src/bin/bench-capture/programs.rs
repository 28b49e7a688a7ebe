//! The programs that are measured: where `cargo xtask bench capture` has them built.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// Their paths.
pub(crate) struct Programs {
    target: PathBuf,
    pub(crate) ours: PathBuf,
    pub(crate) peer: PathBuf,
    pub(crate) reporter: PathBuf,
    /// As it is shipped.
    pub(crate) dist_reporter: PathBuf,
}

impl Programs {
    /// # Errors
    /// When one of them has not been built.
    pub(crate) fn find() -> anyhow::Result<Programs> {
        let own = std::env::current_exe().context("this program does not know where it is")?;
        // target/release/bench-capture
        let target = own.ancestors().nth(2).unwrap_or(Path::new(".")).to_owned();
        let programs = Programs {
            ours: target.join("release/bench-ours"),
            peer: target.join("bench-peer/release/bench-peer"),
            reporter: target.join("release/afterword-reporter"),
            dist_reporter: target.join("dist/afterword-reporter"),
            target,
        };
        for path in [
            &programs.ours,
            &programs.peer,
            &programs.reporter,
            &programs.dist_reporter,
        ] {
            ensure!(
                path.is_file(),
                "{} is not built: `cargo xtask bench capture` builds it",
                path.display()
            );
        }
        Ok(programs)
    }

    pub(crate) fn default_folder(&self) -> PathBuf {
        self.target.join("bench")
    }
}
