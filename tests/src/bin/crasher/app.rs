//! What an app does with Afterword before anything goes wrong.
#![expect(unsafe_code, reason = "the umask is only told by setting it")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use afterword::sentry::{Breadcrumb, User};
use afterword::{Consent, Guard, Options, Reporter, Secrets};
use clap::Parser;

use crate::faults::Fault;
use crate::kind::Kind;
use crate::told;

#[derive(Parser)]
pub(crate) struct Arguments {
    pub(crate) kind: Kind,
    #[arg(long)]
    store: Option<PathBuf>,
    #[arg(long, default_value = "http://key@127.0.0.1:9/1")]
    dsn: String,
    /// `itself`, `beside`, or a path.
    #[arg(long, default_value = "itself")]
    reporter: String,
    #[arg(long, default_value = "ask")]
    consent: String,
    #[arg(long, default_value = "crasher@1.2.3")]
    release: String,
    /// The id of who uses it.
    #[arg(long)]
    user: Option<String>,
    #[arg(long, default_value_t = 10_000)]
    deadline_ms: u64,
    /// Keep stacks and registers as they are.
    #[arg(long)]
    full_stacks: bool,
    /// Rules for crashes: a signature to drop, a module, an expression to redact.
    #[arg(long)]
    drop_crashes: Vec<String>,
    #[arg(long)]
    drop_crashes_in: Vec<String>,
    #[arg(long)]
    redact: Vec<String>,
    /// Leave all secrets in texts.
    #[arg(long)]
    keep_secrets: bool,
    /// A file with a text to put into everything that an app can hand over.
    #[arg(long)]
    hand_over: Option<PathBuf>,
    /// Crash without Afterword.
    #[arg(long)]
    pub(crate) without: bool,
    /// A file to hold open, whose name must appear nowhere in a report.
    #[arg(long)]
    open: Option<PathBuf>,
    /// What goes wrong right before the end; several are possible.
    #[arg(long)]
    pub(crate) fault: Vec<Fault>,
    /// Not used: an argument that is hard to pass on.
    #[arg(long)]
    odd: Option<String>,
    /// Where to note, one line each, how this process was started: arguments, folder, umask, inherited descriptors.
    #[arg(long)]
    pub(crate) note: Option<PathBuf>,
}

pub(crate) fn init(arguments: &Arguments) -> Guard {
    let reporter = match arguments.reporter.as_str() {
        "itself" => Reporter::Itself,
        "beside" => Reporter::Beside,
        path => Reporter::At(path.into()),
    };
    let consent = match arguments.consent.as_str() {
        "always" => Consent::Always,
        "never" => Consent::Never,
        _ => Consent::Ask,
    };
    let mut options = Options::new(&arguments.dsn)
        .app_name("Crasher")
        .release(&arguments.release)
        .environment("test")
        .reporter(reporter)
        .consent(consent)
        .full_stacks(arguments.full_stacks)
        .deadline_ms(arguments.deadline_ms);
    if let Some(store) = &arguments.store {
        options = options.store(store);
    }
    for signature in &arguments.drop_crashes {
        options = options.drop_crashes(signature);
    }
    for module in &arguments.drop_crashes_in {
        options = options.drop_crashes_in(module);
    }
    for pattern in &arguments.redact {
        options = options.redact(pattern, "[redacted]");
    }
    if arguments.keep_secrets {
        options = options.secrets(Secrets {
            off: true,
            keep: Vec::new(),
        });
    }
    options.init().expect("the DSN is valid")
}

pub(crate) fn prepare(arguments: &Arguments, inherited: usize) {
    afterword::set_tag("paint", "wet");
    if let Some(id) = &arguments.user {
        afterword::set_user(Some(User {
            id: Some(id.clone()),
            ..User::default()
        }));
    }
    for message in ["opened", "drew", "pressed the button"] {
        afterword::add_breadcrumb(Breadcrumb {
            category: Some("ui".to_owned()),
            message: Some(message.to_owned()),
            ..Breadcrumb::default()
        });
    }
    if let Some(path) = &arguments.hand_over {
        told::hand_over(std::fs::read_to_string(path).expect("there is a text"));
    }
    black_box(&arguments.odd);
    if let Some(path) = &arguments.open {
        std::mem::forget(std::fs::File::create(path).expect("the file can be made"));
    }
    if let Some(path) = &arguments.note {
        note(path, inherited);
    }
}

/// How many descriptors are open, without the one that looks.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, |open| open.count().saturating_sub(1))
}

fn note(path: &Path, inherited: usize) {
    // SAFETY: umask only swaps a number; it is put back at once, and no other thread makes files now.
    let umask = unsafe {
        let umask = libc::umask(0);
        libc::umask(umask);
        umask
    };
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|a| format!("{a:?}")).collect();
    let folder = std::env::current_dir().expect("there is a folder");
    let line = format!(
        "{} in {} {umask:03o} {inherited}\n",
        arguments.join(" "),
        folder.display()
    );
    let mut file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path)
        .expect("the note can be made");
    std::io::Write::write_all(&mut file, line.as_bytes()).expect("the note can be written");
}
