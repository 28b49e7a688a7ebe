//! What each run did: one log file a run in the store's `log` folder, the last twenty kept, each with its newest megabyte.
//! People pass such files on when they ask for help: the user's name is masked in paths.

mod bounded;

#[cfg(unix)]
#[path = "journal/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "journal/windows.rs"]
mod sys;

use std::io::Write;
use std::path::Path;

use afterword_channel::Homes;
use bounded::Bounded;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

const KEPT: usize = 20;
const MAX_LINE_BYTES: usize = 4096;

/// Opens the journal of this run and sends everything from `log` there. Without one, the reporter works all the same.
pub(crate) fn open(folder: &Path, run_id: Uuid) {
    drop_oldest(folder);
    let file = sys::private_file()
        .append(true)
        .create(true)
        .open(folder.join(format!("reporter-{run_id}.log")));
    let Ok(file) = file else { return };
    let homes = Homes::without_asking();
    let journal = env_logger::Builder::new()
        .filter_level(log::LevelFilter::Info)
        // It warns of each mapping that is no library.
        .filter_module("minidump_writer", log::LevelFilter::Error)
        .parse_env("AFTERWORD_LOG")
        .target(env_logger::Target::Pipe(Box::new(Bounded::new(file))))
        .format(move |line, record| {
            let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
            let mut words = record.args().to_string().replace(['\n', '\r'], " ");
            words.truncate(words.floor_char_boundary(MAX_LINE_BYTES));
            writeln!(line, "{now} {:5} {}", record.level(), homes.mask_text(&words))
        })
        .try_init();
    if journal.is_ok() {
        log::info!(
            "reporter {} for run {run_id}, process {}",
            env!("CARGO_PKG_VERSION"),
            std::process::id()
        );
    }
}

/// Best effort: a journal too many does no harm.
fn drop_oldest(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut journals: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("reporter-"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    journals.sort_unstable();
    let too_many = (journals.len() + 1).saturating_sub(KEPT);
    for (_, path) in &journals[..too_many.min(journals.len())] {
        if let Err(error) = std::fs::remove_file(path) {
            log::debug!("{}: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_journals_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("other.txt"), "").unwrap();
        for _ in 0..30 {
            std::fs::write(folder.path().join(format!("reporter-{}.log", Uuid::new_v4())), "").unwrap();
        }
        drop_oldest(folder.path());
        // One less: room for the one that is about to be made.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), KEPT - 1 + 1);
    }
}
