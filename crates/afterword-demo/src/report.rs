//! What came of a crash without a window, for people and for scripts.

use serde::{Deserialize, Serialize};

/// The innermost function of the app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TopFrame {
    pub(crate) function: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

/// One line of JSON; every key is always there, and `null` where there is nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) event_id: Option<String>,
    pub(crate) report_id: Option<String>,
    pub(crate) issue_title: Option<String>,
    pub(crate) signature: Option<String>,
    /// What ended the app, such as `SIGSEGV`; none for a panic and for a program that went on.
    pub(crate) signal: Option<String>,
    pub(crate) top_frame: Option<TopFrame>,
    pub(crate) release: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) dump_bytes: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) dashboard_url: Option<String>,
}

impl Outcome {
    /// As JSON or as text, on standard output.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            say(&serde_json::to_string(self)?);
            return Ok(());
        }
        let none = || "–".to_owned();
        let place = self.top_frame.as_ref().map(|top| {
            let function = top.function.clone().unwrap_or_else(none);
            match (&top.file, top.line) {
                (Some(file), Some(line)) => format!("{function}\n               {file}:{line}"),
                _ => function,
            }
        });
        for (name, value) in [
            ("Issue", self.issue_title.clone()),
            ("Signature", self.signature.clone()),
            ("Signal", self.signal.clone()),
            ("Where", place),
            ("Release", self.release.clone()),
            ("Comment", self.comment.clone()),
            ("Minidump", Some(format!("{} bytes", self.dump_bytes))),
            ("Sent", Some(format!("{} bytes", self.bytes_sent))),
            ("Report id", self.report_id.clone()),
            ("Event id", self.event_id.clone()),
            ("Page", self.dashboard_url.clone()),
        ] {
            say(&format!("  {name:<12} {}", value.unwrap_or_else(none)));
        }
        Ok(())
    }
}

/// A line for the person who started the demo.
#[expect(clippy::print_stdout, reason = "what the demo is for")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A line on how far it is, beside the result.
#[expect(clippy::print_stderr, reason = "the result alone goes to standard output")]
pub(crate) fn tell(line: &str) {
    eprintln!("{line}");
}
