//! The ways this program can crash. Each is real: the bug is in the drawing code, in [`crate::canvas`].

use crate::canvas::effects;

/// A way to crash, by the name it has in the menu and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub(crate) enum CrashKind {
    /// Writes a pixel through a null pointer.
    NullWrite,
    /// Gives up with `abort`.
    Abort,
    /// Recurses without an end, on a thread of its own.
    StackOverflowThread,
    /// Divides an integer by zero, in the processor.
    Divide,
    /// Panics on the main thread.
    Panic,
    /// Panics on another thread; the program goes on.
    PanicThread,
    /// Does not respond for a while; the program goes on.
    Hang,
    /// Ends as a program should.
    CleanExit,
}

impl CrashKind {
    /// All of them, in the order of the menu.
    pub(crate) const ALL: [CrashKind; 8] = [
        CrashKind::NullWrite,
        CrashKind::Abort,
        CrashKind::StackOverflowThread,
        CrashKind::Divide,
        CrashKind::Panic,
        CrashKind::PanicThread,
        CrashKind::Hang,
        CrashKind::CleanExit,
    ];

    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            CrashKind::NullWrite => "null-write",
            CrashKind::Abort => "abort",
            CrashKind::StackOverflowThread => "stack-overflow-thread",
            CrashKind::Divide => "divide",
            CrashKind::Panic => "panic",
            CrashKind::PanicThread => "panic-thread",
            CrashKind::Hang => "hang",
            CrashKind::CleanExit => "clean-exit",
        }
    }

    /// The name in the menu.
    pub(crate) fn title(self) -> &'static str {
        match self {
            CrashKind::NullWrite => "Null write",
            CrashKind::Abort => "Abort",
            CrashKind::StackOverflowThread => "Stack overflow on a thread",
            CrashKind::Divide => "Division by zero",
            CrashKind::Panic => "Panic",
            CrashKind::PanicThread => "Panic on a thread",
            CrashKind::Hang => "Hang for 8 s",
            CrashKind::CleanExit => "Clean exit",
        }
    }

    /// What it does, in one line.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            CrashKind::NullWrite => "Blends a pixel into a layer that is gone: SIGSEGV.",
            CrashKind::Abort => "Finds its own file damaged and gives up: SIGABRT.",
            CrashKind::StackOverflowThread => "Flood fill without an end, beside the window: SIGSEGV.",
            CrashKind::Divide => "Spaces a brush with no dots, in the processor: SIGFPE.",
            CrashKind::Panic => "Picks a colour the palette does not have: a panic ends it.",
            CrashKind::PanicThread => "A worker panics over a thumbnail: an error, the program goes on.",
            CrashKind::Hang => "Waits for a printer that is away: the window does not respond.",
            CrashKind::CleanExit => "Ends as a program should: nothing to report.",
        }
    }
}

/// Does it, for real. Returns only where the program survives it, with what to tell the person in front of it.
///
/// Not inlined, and no larger than a `match`, so that every report shows the same way down: `run`, the feature, the bug.
#[inline(never)]
pub(crate) fn run(kind: CrashKind) -> &'static str {
    match kind {
        CrashKind::NullWrite => effects::drop_shadow(),
        CrashKind::Abort => effects::save(),
        CrashKind::StackOverflowThread => effects::flood_fill(),
        CrashKind::Divide => effects::stipple(),
        CrashKind::Panic => effects::recolour(),
        CrashKind::PanicThread => return effects::make_thumbnail(),
        CrashKind::Hang => return effects::print(),
        CrashKind::CleanExit => return "Ends as a program should.",
    }
    "Still here. This crash did not happen."
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn names_are_those_of_the_command_line() {
        let names: Vec<String> = CrashKind::value_variants()
            .iter()
            .filter_map(|kind| Some(kind.to_possible_value()?.get_name().to_owned()))
            .collect();
        assert_eq!(names, CrashKind::ALL.map(CrashKind::name));
        assert!(CrashKind::ALL.iter().all(|kind| kind.describe().chars().count() < 70));
    }

    /// Names the kind that a copy of this test program is to crash with.
    #[cfg(unix)]
    const KIND: &str = "AFTERWORD_DEMO_TEST_CRASH";

    /// How a copy of this program ended that did nothing but crash so, and what it wrote to standard error.
    #[cfg(unix)]
    fn ended(kind: CrashKind) -> (std::process::ExitStatus, String) {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::tests::victim", "--nocapture", "--test-threads=1"])
            .env(KIND, kind.name())
            .output()
            .unwrap();
        (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Crashes when asked to by its environment; passes otherwise.
    #[cfg(unix)]
    #[test]
    fn victim() {
        let Ok(name) = std::env::var(KIND) else { return };
        let kind = CrashKind::from_str(&name, false).unwrap();
        eprintln!("survived: {}", run(kind));
    }

    #[cfg(unix)]
    #[test]
    fn each_kind_ends_a_process_in_its_own_way() {
        use std::os::unix::process::ExitStatusExt;
        let by_signal = [
            (CrashKind::NullWrite, libc::SIGSEGV, ""),
            (CrashKind::Abort, libc::SIGABRT, ""),
            // Without us, Rust's own handler tells of the overflow and aborts.
            (CrashKind::StackOverflowThread, libc::SIGABRT, "thread 'flood-fill'"),
            (CrashKind::Divide, libc::SIGFPE, ""),
        ];
        for (kind, signal, words) in by_signal {
            let (status, stderr) = ended(kind);
            assert_eq!(status.signal(), Some(signal), "{kind:?}: {status}: {stderr}");
            assert!(
                stderr.contains(words) && !stderr.contains("survived"),
                "{kind:?}: {stderr}"
            );
            assert!(!stderr.contains("panicked"), "{kind:?} is not a panic: {stderr}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn panics_are_panics() {
        // The test harness catches it, as nobody does in `main`.
        let (status, stderr) = ended(CrashKind::Panic);
        assert_eq!(status.code(), Some(101), "{stderr}");
        assert!(
            stderr.contains("index out of bounds: the len is 8 but the index is 8"),
            "{stderr}"
        );
        assert!(
            stderr.contains("effects.rs") && !stderr.contains("survived"),
            "{stderr}"
        );

        let (status, stderr) = ended(CrashKind::PanicThread);
        assert!(status.success(), "{stderr}");
        assert!(
            stderr.contains("thread 'thumbnails'") && stderr.contains("no size"),
            "{stderr}"
        );
        assert!(stderr.contains("survived: A worker thread panicked"), "{stderr}");
    }

    #[cfg(unix)]
    #[test]
    fn a_hang_comes_to_an_end() {
        let (status, stderr) = ended(CrashKind::Hang);
        assert!(
            status.success() && stderr.contains("survived: The window did not respond"),
            "{stderr}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_clean_exit_is_clean() {
        let (status, stderr) = ended(CrashKind::CleanExit);
        assert!(status.success() && !stderr.contains("panicked"), "{stderr}");
    }
}
