//! Driving the capturer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::manners::Stub;
use crate::process::{Scene, program, quiet};

/// A capturer that waits for its next line.
pub(crate) struct Capturer {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What a flush said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flushed {
    pub(crate) done: bool,
    pub(crate) refused: bool,
    pub(crate) held: String,
    pub(crate) ms: u64,
    /// The SDK's own flush, right after it.
    pub(crate) sdk: bool,
}

impl Scene {
    pub(crate) fn capturer(&self, stub: &Stub, arguments: &[&str]) -> Capturer {
        program("afterword-reporter");
        self.expect_reporter();
        let mut command = Command::new(env!("CARGO_BIN_EXE_capturer"));
        command.arg(self.store_root()).arg(stub.dsn()).args(arguments);
        quiet(&mut command);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Capturer {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }
}

impl Capturer {
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Tells it something, and returns its answer; none when it is gone instead.
    pub(crate) fn tell(&mut self, line: &str) -> String {
        self.tell_only(line);
        self.answer()
    }

    /// Without waiting for the answer.
    pub(crate) fn tell_only(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    pub(crate) fn answer(&mut self) -> String {
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    pub(crate) fn flush(&mut self, timeout_ms: u64) -> Flushed {
        let answer = self.tell(&format!("flush {timeout_ms}"));
        let part = |name: &str| {
            answer
                .split(' ')
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
                .unwrap_or_else(|| panic!("{name} in {answer:?}"))
                .to_owned()
        };
        Flushed {
            done: part("done") == "true",
            refused: part("refused") == "true",
            held: part("held"),
            ms: part("ms").parse().unwrap(),
            sdk: part("sdk") == "true",
        }
    }

    /// Closes its standard input, which ends it, and waits for its end.
    pub(crate) fn end(self) -> ExitStatus {
        let Capturer {
            mut process,
            input,
            output: _output,
        } = self;
        drop(input);
        process.wait().unwrap()
    }

    pub(crate) fn kill(&self) {
        kill_process(Pid::from_child(&self.process), Signal::KILL).unwrap();
    }
}
