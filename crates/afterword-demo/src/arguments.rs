//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::crash::CrashKind;
use crate::supervisor::PROJECT;

/// A small drawing program that can crash, to see what Afterword does about it.
///
/// With a display, a window opens: draw, then choose a crash from its menu. The program dies, a dialog asks, and after "Send
/// report" the page of the issue opens in your browser. Without a display, or with --headless, the same happens with the
/// answer given here, and what came of it is printed.
///
/// The demo starts a collector of its own on a free port of this computer, with its data in a temporary folder. Nothing
/// leaves this computer unless you give a --dsn.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Without a window: crash at once, with the answer given
    #[arg(long)]
    pub(crate) headless: bool,
    /// How to crash, without a window
    #[arg(long, value_enum, value_name = "KIND", default_value = "null-write")]
    pub(crate) crash: CrashKind,
    /// What to answer in place of a person, without a window
    #[arg(long, value_enum, default_value = "send")]
    pub(crate) answer: Choice,
    /// What to write into the comment
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// Send to this server instead of a collector of the demo's own
    #[arg(long)]
    pub(crate) dsn: Option<String>,
    /// A token of that server's API, to see whether it really has the event
    #[arg(long, env = "AFTERWORD_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The project of that token, as ORGANISATION/PROJECT
    #[arg(long, default_value = PROJECT)]
    pub(crate) project: String,
    /// Print what came of it as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Internal: be the app itself.
    #[arg(long, hide = true)]
    pub(crate) app: bool,
    /// Internal: where the app's reports are kept.
    #[arg(long, hide = true)]
    pub(crate) store: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  afterword-demo
  afterword-demo --headless --crash null-write --answer send --comment \"I pressed Save\"
  afterword-demo --headless --crash panic --answer dont-send --json

Ends with 0 only if the collector really has the report, or, after dont-send, really has nothing.";

/// An answer to the question whether to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// Send it.
    Send,
    /// Do not send it: it is deleted.
    DontSend,
}

impl Arguments {
    /// Asked for, or because there is no display.
    pub(crate) fn is_headless(&self) -> bool {
        self.headless || !has_display()
    }
}

/// Whether a window could be shown.
pub(crate) fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
