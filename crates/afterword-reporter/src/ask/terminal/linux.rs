//! Processes and their terminals in `/proc`.

use super::Stat;

/// `<pid> (<name>) <state> <ppid> <pgrp> <session> <tty_nr> <tpgid> …`, see proc(5); the name may hold anything,
/// parentheses too.
pub(super) fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(") ")?;
    let mut words = after_name.split(' ');
    let state = words.next()?;
    let numbers: Vec<i32> = words.take(5).filter_map(|word| word.parse().ok()).collect();
    let [_parent, group, session, _terminal, foreground] = numbers.try_into().ok()?;
    Some(Stat {
        is_over: matches!(state, "Z" | "X"),
        group,
        session,
        foreground,
    })
}

/// All processes: which of them are of the group, the caller sees.
pub(super) fn of_group(_group: i32) -> Vec<Stat> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(stat)
        .collect()
}
