//! What is removed by itself: chunks that were never put together, caches that take too much room, what is no longer true.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::Symbols;
use crate::error::{OrFailed as _, chain};
use crate::{Error, blocking, now_ms};

const EVERY: Duration = Duration::from_secs(3600);

/// What all caches may take; the oldest above go. They can be made again.
const MAX_CACHE_BYTES: u64 = 20 << 30;

/// An assembly that was not asked about for so long is of no interest to anybody.
const ASSEMBLY_MS: i64 = 86_400_000;

impl Symbols {
    /// Tidies now and every hour, until `stop` says so.
    pub(crate) async fn keep_tidy(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.tidy().await {
                tracing::error!(error = chain(&error), "could not tidy debug files");
            }
            // Either way it goes on.
            let _ = tokio::time::timeout(EVERY, stop.changed()).await;
        }
    }

    async fn tidy(&self) -> Result<(), Error> {
        self.remove_old_chunks().await?;
        sqlx::query("DELETE FROM assemblies WHERE changed_at < $1")
            .bind(now_ms() - ASSEMBLY_MS)
            .execute(&self.inner.database.write)
            .await
            .or_failed("forget old assemblies")?;
        sqlx::query("DELETE FROM symbol_misses WHERE until_at < $1")
            .bind(now_ms())
            .execute(&self.inner.database.write)
            .await
            .or_failed("forget old misses")?;
        let root = self.inner.caches.root.clone();
        blocking(move || {
            shrink(&root, MAX_CACHE_BYTES).map_err(|source| Error::Folder {
                path: root.clone(),
                source,
            })
        })
        .await
    }
}

/// Removes the oldest files below a folder until all take no more than so much.
fn shrink(root: &Path, max_bytes: u64) -> std::io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for folder in std::fs::read_dir(root)? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder.path())? {
            let file = file?;
            let data = file.metadata()?;
            files.push((data.modified()?, data.len(), file.path()));
        }
    }
    files.sort();
    let mut all_bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in files {
        if all_bytes <= max_bytes {
            break;
        }
        // Who has it mapped keeps it until they are done.
        std::fs::remove_file(path)?;
        all_bytes -= bytes;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_caches_go_when_there_are_too_many() {
        let root = tempfile::tempdir().unwrap();
        let file = |name: &str, age_s: u64| {
            let folder = root.path().join(&name[..2]);
            std::fs::create_dir_all(&folder).unwrap();
            let path = folder.join(name);
            std::fs::write(&path, [0; 100]).unwrap();
            let at = SystemTime::now() - Duration::from_secs(age_s);
            std::fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(at)
                .unwrap();
            path
        };
        let (old, middle, new) = (file("aa1", 300), file("bb1", 200), file("aa2", 100));
        shrink(root.path(), 200).unwrap();
        assert_eq!([old.exists(), middle.exists(), new.exists()], [false, true, true]);
        shrink(root.path(), 200).unwrap();
        assert!(middle.exists());
    }
}
