//! An event in a few words: what lists, titles and the index say of it.

use super::{Event, Exception, Frame};

/// The longest title, in characters.
const MAX_TITLE_CHARS: usize = 250;

impl Event {
    /// What happened, in one line. A crash is named by its reason and where it was (`SIGSEGV in canvas::flush`), an
    /// error by its type and first line, a message by its first line.
    pub(crate) fn title(&self) -> String {
        let title = match self.exception() {
            Some(exception) if self.is_native_crash() => self.crash_title(exception),
            Some(exception) => error_title(exception),
            None => self.message.as_deref().map(first_line).map(str::to_owned),
        };
        let title = title.or_else(|| self.message.as_deref().map(first_line).map(str::to_owned));
        title.map_or_else(|| "Event without a title".to_owned(), |title| shorten(&title))
    }

    /// Where it happened: the top frame's function, else the transaction.
    pub(crate) fn culprit(&self) -> String {
        let function = self.top_frame().and_then(Frame::short_name);
        shorten(&function.or_else(|| self.transaction.clone()).unwrap_or_default())
    }

    /// The frame of the application in which it happened.
    pub(crate) fn top_frame(&self) -> Option<&Frame> {
        self.main_stack().top_frame()
    }

    /// Whether it is the death of a process by a signal or exception of the system: its stack says more than its type.
    pub(crate) fn is_native_crash(&self) -> bool {
        self.exception().is_some_and(|exception| {
            // Clients of other languages make up exceptions to carry a stack.
            (exception.synthetic && (self.is_native_platform() || self.platform == "other"))
                || exception.signal.is_some()
        })
    }

    /// Whether its functions are machine code.
    pub(crate) fn is_native(&self) -> bool {
        self.is_native_crash() || self.is_native_platform()
    }

    fn is_native_platform(&self) -> bool {
        ["native", "rust", "c", "cocoa", "objc", "swift"].contains(&self.platform.as_str())
    }

    /// The address that was touched, as a client of ours or another tells it.
    pub(crate) fn fault_address(&self) -> Option<&str> {
        let of_exception = self.exception().and_then(|exception| exception.address.as_deref());
        of_exception.or_else(|| self.context("afterword", "address"))
    }

    /// Why the system ended the process, in its words.
    pub(crate) fn reason(&self) -> Option<&str> {
        let signal = || self.exception().and_then(|exception| exception.signal.as_deref());
        self.context("afterword", "reason").or_else(signal)
    }

    /// What tells one user from another: the first of id, e-mail, name and address that is there.
    pub(crate) fn user_key(&self) -> Option<String> {
        ["id", "email", "username", "ip_address"].iter().find_map(|name| {
            let (_, value) = self.user.iter().find(|(key, _)| key == name)?;
            (value != "{{auto}}").then(|| format!("{name}:{value}"))
        })
    }

    fn crash_title(&self, exception: &Exception) -> Option<String> {
        let kind = exception
            .kind
            .as_deref()
            .or(exception.signal.as_deref())
            .unwrap_or("Crash");
        Some(match self.top_frame().and_then(Frame::label) {
            Some(function) => format!("{kind} in {function}"),
            None => kind.to_owned(),
        })
    }
}

fn error_title(exception: &Exception) -> Option<String> {
    let value = exception.value.as_deref().map(first_line);
    match (exception.kind.as_deref(), value) {
        (Some(kind), Some(value)) => Some(format!("{kind}: {value}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

fn first_line(text: &str) -> &str {
    text.trim_start().lines().next().unwrap_or("").trim_end()
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_TITLE_CHARS {
        return text.to_owned();
    }
    text.chars().take(MAX_TITLE_CHARS - 1).chain(['…']).collect()
}
