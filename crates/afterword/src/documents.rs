//! The documents that are open, for whoever is asked whether to start the program again.

use std::sync::{Mutex, PoisonError};

use crate::running::Running;

/// More are not named.
const MAX_DOCUMENTS: usize = 20;
/// Longest name, in bytes; what is longer is cut.
const MAX_NAME_BYTES: usize = 180;

/// Names the documents that the program would open again if it were started now, in place of those named before: the dialog
/// tells them beside *Restart*. The first twenty count, each with its first 180 bytes.
///
/// To open them again is the program's work. The names are kept in memory that has no name in a file system and is gone with the
/// program and its reporter; they are in no report, and are never sent.
pub fn set_open_documents<I>(names: I)
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let Some(running) = Running::of_this_process() else {
        return;
    };
    let names: Vec<String> = names
        .into_iter()
        .take(MAX_DOCUMENTS)
        .map(|name| cut(name.into()))
        .collect();
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    running.memory.write_documents(&names);
}

fn cut(mut name: String) -> String {
    if name.len() > MAX_NAME_BYTES {
        name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
        name.push('…');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_letters() {
        assert_eq!(cut("a.odt".to_owned()), "a.odt");
        assert_eq!(cut("ä".repeat(100)), format!("{}…", "ä".repeat(90)));
    }
}
