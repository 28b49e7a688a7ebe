//! The terminal: where there is no display, and the app's own terminal is not somebody else's by now.
//!
//! When the app was started from an interactive shell, its death gives the terminal back to that shell: reading from it then
//! would steal what the person types there. So we ask only while the app's job is still in the foreground (a program or
//! script that started it goes on); otherwise a line says where the report is, and the next start asks.

#[cfg_attr(target_os = "linux", path = "terminal/linux.rs")]
#[cfg_attr(target_os = "macos", path = "terminal/macos.rs")]
mod job;

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use afterword_channel::Hello;
use afterword_dialog::terminal::{TerminalAnswer, ask_discarding, lines_after, notice};
use afterword_dialog::{Asked, FromDialog, Language, ToDialog, save_answer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::termios::{QueueSelector, tcflush};
use time::OffsetDateTime;

use super::{Conversation, Shell};

pub(super) struct Terminal {
    path: Option<PathBuf>,
    job: Option<Job>,
}

/// The app's process group and session, as they were while it lived.
#[derive(Debug, Clone, Copy)]
struct Job {
    group: i32,
    session: i32,
}

impl Terminal {
    /// The terminal of the app, looked at while the app still lives.
    pub(super) fn of(hello: &Hello, app_pid: u32) -> Terminal {
        Terminal {
            path: hello.terminal.as_ref().map(|path| path.as_path().to_owned()),
            job: app_job(app_pid),
        }
    }

    /// The desktop's language, if the terminal can show it: the console of Linux has no more than 512 glyphs.
    fn language(&self) -> Language {
        let wanted = Language::of_desktop();
        let is_console = self
            .path
            .as_deref()
            .and_then(|path| path.to_str()?.strip_prefix("/dev/tty"))
            .is_some_and(|number| number.starts_with(|digit: char| digit.is_ascii_digit()));
        if is_console { Language::English } else { wanted }
    }

    /// Opens the terminal without making it ours.
    fn file(&self) -> Result<File, String> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.path.as_deref().ok_or("the app has none")?;
        File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits() as i32)
            .open(path)
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Shell for Terminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    /// A living app in the foreground is itself who reads there.
    fn needs_app_gone(&self) -> bool {
        true
    }

    fn open(&self, asked: &Asked, events: Sender<FromDialog>) -> Result<Box<dyn Conversation>, String> {
        let mut output = self.file()?;
        let Some(job) = self.job.filter(|job| job.is_in_foreground()) else {
            leave_word(asked, self.language(), &mut output).map_err(|error| error.to_string())?;
            return Err("it belongs to somebody else by now; a line there says where the report is".to_owned());
        };
        let question = Question {
            asked: asked.clone(),
            language: self.language(),
            input: BufReader::new(OwnTerminal {
                file: self.file()?,
                job,
            }),
            output: output.try_clone().map_err(|error| error.to_string())?,
            events,
        };
        Ok(Box::new(Open {
            asked: question.asked.clone(),
            output,
            language: self.language(),
            question: Some(question),
            sending: false,
        }))
    }
}

/// A question that waits for the stack: what is shown in a terminal cannot fill in later.
struct Question {
    asked: Asked,
    language: Language,
    input: BufReader<OwnTerminal>,
    output: File,
    events: Sender<FromDialog>,
}

/// The terminal for as long as it is the app's job's: when its shell has it back, there is nothing more to read here.
struct OwnTerminal {
    file: File,
    job: Job,
}

/// How often a waiting question looks whether the terminal is still its own.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 250_000_000,
};

impl Read for OwnTerminal {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if !self.job.is_in_foreground() {
                return Ok(0);
            }
            let mut wanted = [PollFd::new(&self.file, PollFlags::IN)];
            match poll(&mut wanted, Some(&LOOK)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.file.read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn talk(question: Question) {
    let Question {
        asked,
        language,
        input,
        output,
        events,
    } = question;
    let typed_ahead = input.get_ref().file.try_clone();
    let discard = || {
        // What was typed into the program that crashed is no answer. Best effort: a terminal that is gone answers itself.
        if let Ok(terminal) = &typed_ahead
            && let Err(error) = tcflush(terminal, QueueSelector::IFlush)
        {
            log::debug!("tcflush: {error}");
        }
    };
    let said = match ask_discarding(&asked, language, input, output, discard) {
        Ok(TerminalAnswer::Answered(given)) => match save_answer(&asked, language, &given, OffsetDateTime::now_utc()) {
            Ok(()) => vec![FromDialog::Answered, FromDialog::Closed],
            Err(error) => {
                log::error!("the answer is not kept: {error}");
                vec![FromDialog::Closed]
            }
        },
        Ok(TerminalAnswer::Later) => vec![FromDialog::Closed],
        Err(error) => {
            log::warn!("asking in the terminal failed: {error}");
            vec![FromDialog::Closed]
        }
    };
    for message in said {
        // The reporter waits for these unless it is ending.
        if events.send(message).is_err() {
            return;
        }
    }
}

fn leave_word(asked: &Asked, language: Language, output: &mut File) -> std::io::Result<()> {
    let command = format!("afterword reports show {}", asked.report_id);
    write!(output, "\r\n{}\r\n", notice(asked, language, &command).join("\r\n"))
}

struct Open {
    asked: Asked,
    output: File,
    language: Language,
    question: Option<Question>,
    sending: bool,
}

impl Conversation for Open {
    fn tell(&mut self, message: &ToDialog) {
        if let ToDialog::Details(details) = message
            && let Some(mut question) = self.question.take()
        {
            question.asked.details = (**details).clone();
            std::thread::spawn(move || talk(question));
        }
        let said_before = std::mem::replace(&mut self.sending, matches!(message, ToDialog::Progress { .. }));
        if self.sending && said_before {
            return;
        }
        for line in lines_after(&self.asked, message, self.language) {
            if let Err(error) = write!(self.output, "{line}\r\n") {
                return log::debug!("the terminal is gone: {error}");
            }
        }
    }
}

impl Job {
    /// Whether the terminal's foreground is still the app's process group, with somebody alive in it. The app itself, not yet
    /// collected by its parent, is nobody.
    ///
    /// A living member tells what the foreground is; the leader of the session may be outside our pid namespace, where its
    /// number reads 0.
    fn is_in_foreground(self) -> bool {
        self.living_members().any(|stat| stat.foreground == self.group)
    }

    fn living_members(self) -> impl Iterator<Item = Stat> {
        job::of_group(self.group)
            .into_iter()
            .filter(move |stat| stat.group == self.group && stat.session == self.session && !stat.is_over)
    }
}

/// Group and session of the app, while it lives. A group that our pid namespace has no number for is none we can tell apart.
fn app_job(pid: u32) -> Option<Job> {
    let stat = job::stat(pid)?;
    (stat.group > 0).then_some(Job {
        group: stat.group,
        session: stat.session,
    })
}

/// What the system says of a process and its terminal.
struct Stat {
    /// Ended, and not collected.
    is_over: bool,
    group: i32,
    session: i32,
    /// The foreground group of its terminal.
    foreground: i32,
}

#[cfg(test)]
mod tests {
    use super::job::stat;
    use super::*;

    #[test]
    fn the_record_of_a_process_is_read_behind_its_name() {
        use std::os::unix::process::CommandExt;
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap();
        let alive = stat(child.id()).unwrap();
        assert_eq!(alive.group, i32::try_from(child.id()).unwrap());
        // As a container sees it, the session may have begun outside and read 0; it is our own all the same.
        assert_eq!(alive.session, stat(std::process::id()).unwrap().session);
        assert!(!alive.is_over);
        let job = app_job(child.id()).unwrap();
        assert_eq!(job.living_members().count(), 1);

        child.kill().unwrap();
        while !stat(child.id()).unwrap().is_over {
            std::thread::yield_now();
        }
        assert_eq!(
            job.living_members().count(),
            0,
            "who only waits to be collected is nobody"
        );
        child.wait().unwrap();
        assert!(stat(child.id()).is_none());
    }

    #[test]
    fn a_job_without_anybody_alive_is_not_in_the_foreground() {
        let job = Job {
            group: i32::MAX - 1,
            session: i32::MAX - 1,
        };
        assert!(!job.is_in_foreground());
    }
}
