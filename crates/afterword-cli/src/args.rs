//! What can be asked for. The words here are the manual: `--help` teaches by examples.

use std::path::PathBuf;
use std::time::Duration;

use afterword_store::AppId;
use afterword_upload::Options;
use clap::{Args, Parser, Subcommand};

use crate::reports::IdPrefix;

const EXAMPLES: &str = "\
Examples:
  afterword reports list              What crashed on this machine
  afterword reports show 3f9a         One report, with all that would be sent
  afterword reports send 3f9a         Ask, and send it
  afterword dump show crash.dmp       Any minidump as text
  afterword dump show crash.dmp --json | jq .signature
  afterword symbols upload target/release --org acme --project editor

Exit codes:
  0  done
  1  it failed, or you said no
  2  the arguments are wrong; nothing was done";

const DUMP_SHOW: &str = "\
Examples:
  afterword dump show crash.dmp
  afterword dump show crash.dmp --brief
  afterword dump show crash.dmp --symbols ./symbols --no-local
  afterword dump show crash.dmp --json | jq '.threads[0].frames[0]'

Functions, files and lines come from the debug information inside or beside
the modules on this machine, where their build id is the dump's, and from the
folders given with --symbols. Frames of the program's own code are marked ▸.";

const REPORTS: &str = "\
Examples:
  afterword reports list
  afterword reports list --json | jq -r '.[].id'
  afterword reports show 3f9a --app afterword-demo
  afterword reports send 3f9a --comment 'I had just pressed Undo'
  afterword reports delete 3f9a

An ID may be shortened to any beginning that only one report has.

States:
  waiting  on this machine only; nobody agreed to sending it yet
  sending  agreed to; sent as soon as the server can be reached
  refused  the server did not take it; its words are kept
  sent     the server has it; only a small record is left here";

const SEND: &str = "\
Examples:
  afterword reports send 3f9a
  afterword reports send 3f9a --comment 'I had just pressed Undo'
  afterword reports send 3f9a --yes --json      For scripts: --yes is your consent

Before the question, it shows what would be sent, and to which server. Ctrl-C
stops; the report stays on this machine until a server has taken it.";

const CONSENT: &str = "\
Examples:
  afterword reports consent show
  afterword reports consent show --json | jq '.[].policy'
  afterword reports consent withdraw --app afterword-demo

What a server has already is not undone by taking a consent back: ask its
operator, and name the event id that `afterword reports show` tells.";

const SYMBOLS: &str = "\
Examples:
  afterword symbols check target/release/editor
  afterword symbols upload target/release --url https://crashes.example --org acme --project editor

A crash is a list of addresses. Debug files give them names: what your compiler
wrote into the program or beside it. Upload those of each build that you ship.";

const SYMBOLS_CHECK: &str = "\
Examples:
  afterword symbols check target/release/editor editor.debug
  afterword symbols check app.pdb --json | jq -r '.[].debug_id'

What a file is good for:
  symtab   names of functions
  debug    names, files and lines, and what was inlined
  unwind   finding the callers; of 64-bit Windows it is in the program itself
  sources  lines of source around a frame

Files belong together whose debug id is the same.";

const SYMBOLS_UPLOAD: &str = "\
Examples:
  afterword symbols upload target/release --org acme --project editor
  afterword symbols upload build --include-sources
  afterword symbols upload app.pdb app.exe --json | jq '.[] | select(.outcome != \"present\")'

Folders are searched for ELF, PE, PDB, Mach-O and Breakpad files. What the server
has already is not sent again: after an interruption, start it again.

For a program that is stripped before it ships, upload what was cut off:
  objcopy --only-keep-debug editor editor.debug && strip editor";

/// What happened when a program crashed: minidumps, and the reports on this machine.
#[derive(Debug, Parser)]
#[command(name = "afterword", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Minidumps, wherever they come from
    #[command(arg_required_else_help = true)]
    Dump {
        #[command(subcommand)]
        command: DumpCommand,
    },
    /// The reports on this machine: list, show, send, delete
    #[command(arg_required_else_help = true, after_help = REPORTS)]
    Reports {
        #[command(flatten)]
        whose: Whose,
        #[command(subcommand)]
        command: ReportsCommand,
    },
    /// Debug files: what they are good for, and bringing them to a server
    #[command(arg_required_else_help = true, after_help = SYMBOLS)]
    Symbols {
        #[command(subcommand)]
        command: SymbolsCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SymbolsCommand {
    /// Says what files are good for: their ids, and what is in them
    #[command(after_help = SYMBOLS_CHECK)]
    Check(SymbolsCheck),
    /// Brings debug files to a server, so that it can name the frames of crashes
    #[command(after_help = SYMBOLS_UPLOAD)]
    Upload(SymbolsUpload),
}

#[derive(Debug, Args)]
pub(crate) struct SymbolsCheck {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// As a JSON array, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SymbolsUpload {
    /// Files, and folders to search
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The server
    #[arg(
        long,
        value_name = "URL",
        env = "SENTRY_URL",
        default_value = "http://127.0.0.1:8797"
    )]
    pub(crate) url: String,
    /// The organisation, as its address has it
    #[arg(long, value_name = "NAME", env = "SENTRY_ORG")]
    pub(crate) org: String,
    /// The project, as its address has it
    #[arg(long, value_name = "NAME", env = "SENTRY_PROJECT")]
    pub(crate) project: String,
    /// A token with the scope project:releases; better given by the environment, where others do not see it
    #[arg(long, value_name = "TOKEN", env = "SENTRY_AUTH_TOKEN", hide_env_values = true)]
    pub(crate) auth_token: String,
    /// Upload the source files that the debug information names, too, as far as they are on this machine
    #[arg(long)]
    pub(crate) include_sources: bool,
    /// Say what became of each file as JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) transport: Transport,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DumpCommand {
    /// Shows why a process crashed and where: reason, threads, registers, modules
    #[command(after_help = DUMP_SHOW)]
    Show(DumpShow),
}

#[derive(Debug, Args)]
pub(crate) struct DumpShow {
    /// The minidump
    pub(crate) file: PathBuf,
    /// Folder of Breakpad symbols, laid out as NAME/ID/NAME.sym; may be given more than once
    #[arg(long, value_name = "DIR")]
    pub(crate) symbols: Vec<PathBuf>,
    /// Do not look for debug information in the modules on this machine
    #[arg(long)]
    pub(crate) no_local: bool,
    /// Only the reason and the thread that crashed
    #[arg(long, conflicts_with = "json")]
    pub(crate) brief: bool,
    /// All of it as JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose reports.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// Only the reports of this app, as `reports list` names it [default: all apps]
    #[arg(long, value_name = "APP", global = true)]
    pub(crate) app: Option<AppId>,
    /// Where the reports are [env: AFTERWORD_STORE=] [default: `afterword` in your data folder]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportsCommand {
    /// Lists the reports, newest first
    List {
        /// As a JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Shows one report: what happened, the stack, and all that would be sent
    Show {
        /// The report, or the beginning of its id
        id: IdPrefix,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Asks, and sends one report
    #[command(after_help = SEND)]
    Send(Send),
    /// What was agreed to, and taking it back
    #[command(arg_required_else_help = true, after_help = CONSENT)]
    Consent {
        #[command(subcommand)]
        command: ConsentCommand,
    },
    /// Asks, and deletes one report from this machine
    Delete {
        /// The report, or the beginning of its id
        id: IdPrefix,
        /// Delete it without asking
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// Shows what was decided, when, and in which words
    Show {
        /// As a JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Asks, and takes back what no server has yet: apps ask again before anything is sent
    Withdraw {
        /// Take it back without asking
        #[arg(long, short)]
        yes: bool,
        /// Say what became of it as a JSON array, for programs
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The report, or the beginning of its id
    pub(crate) id: IdPrefix,
    /// A few words for those who read the report: what were you doing?
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// Agree to sending it without being asked
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Say what became of it as JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) transport: Transport,
}

/// How to reach the server: an app's own settings are not known here.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Transport {
    /// Go through this proxy: http, https, socks5 or socks5h; `none` for none, whatever the system says
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Trust the certificates in this file (PEM) besides the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_certificate: Option<PathBuf>,
    /// Give up after so long
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
}

impl Transport {
    /// As the sender takes them.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(afterword_reporter::client_name());
        if let Some(proxy) = &self.proxy {
            options = options.proxy(proxy);
        }
        if let Some(file) = &self.ca_certificate {
            options = options.ca_certificate(file);
        }
        if let Some(seconds) = self.timeout {
            options = options.timeout(Duration::from_secs(seconds));
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_do_not_contradict_one_another() {
        Arguments::command().debug_assert();
    }
}
