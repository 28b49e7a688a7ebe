//! The options beside `--minidumper-socket`: what a client of minidumper cannot tell of itself.

use std::ffi::OsString;
use std::path::PathBuf;

use afterword_channel::{Hello, Identity, Links, Policy};
use afterword_store::{AppId, Store};
use lexopt::{Arg, Parser, ValueExt};
use sentry_types::Dsn;
use uuid::Uuid;

use crate::Error;

/// The option that makes this process such a server.
pub(crate) const OPTION: &str = "--minidumper-socket";

/// The part of `--help`.
pub(crate) const HELP: &str = "\
Serving programs that use the minidumper crate (Linux)
    afterword-reporter --minidumper-socket PATH [OPTIONS]

It serves every client of minidumper 0.11 that connects to PATH, up to 256 at once, until SIGTERM or Ctrl-C. A crash is
dumped, scrubbed and kept in the store; then the client is answered. When the socket is ready, `serving PATH` is printed.

    --minidumper-socket PATH  the socket: made for this user alone, removed at the end. One that nobody listens at is
                              replaced; any other file is left alone
    --app NAME                what a person calls the program; its reports are in a folder of that name
                              [default: the socket's file name without its extension]
    --release RELEASE         the program's release, such as paintbox@1.4.0
    --environment NAME        such as production
    --store DIR               the store's root [default: AFTERWORD_STORE, else the user's data folder]
    --dsn DSN                 where reports go. Without one they are kept: nobody is asked and nothing is sent
    --consent ask|always      ask: in a window when the client is gone, else at the next start; always: the person has
                              agreed, send at once [default: ask]
    --full-stacks             keep what looks like data on the stacks, instead of sanitising it

The client must run as the same user and in the same pid namespace, and what connects must be what crashes: a child that
was forked from it is refused, while its parent stays watched. Where the kernel restricts ptrace (Yama), the client allows
this process with crash_handler's set_ptracer. Messages of the client's own (send_message) are read and let go: their
meaning is known to the client alone.";

/// The options, resolved.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where to listen.
    pub(super) socket: PathBuf,
    /// What our own apps say in their first message.
    pub(super) hello: Hello,
}

impl Settings {
    /// Without a place to send to, there is nothing to ask.
    pub(super) fn only_keeps(&self) -> bool {
        self.hello.identity.dsn.is_empty()
    }

    /// Reads the arguments after the program's name.
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Settings, Error> {
        let mut given = Given::default();
        given.read(arguments).map_err(|error| usage(error.to_string()))?;
        let socket = given
            .socket
            .filter(|path| path.file_name().is_some())
            .ok_or_else(|| usage(format!("{OPTION} needs the path of a socket")))?;
        if let Some(dsn) = &given.dsn {
            dsn.parse::<Dsn>()
                .map_err(|error| usage(format!("--dsn {dsn:?}: {error}")))?;
        }
        let policy = match given.consent.as_deref() {
            None | Some("ask") => Policy::Ask,
            Some("always") if given.dsn.is_none() => return Err(usage("--consent always needs a --dsn".to_owned())),
            Some("always") => Policy::Always,
            Some(other) => return Err(usage(format!("--consent is ask or always, not {other:?}"))),
        };
        let store_root = match given.store {
            Some(root) => std::path::absolute(root).map_err(|error| usage(format!("--store: {error}")))?,
            None => Store::default_root()?,
        };
        let app_name = given.app.unwrap_or_else(|| {
            let stem = socket.file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        });
        let hello = Hello {
            run_id: Uuid::new_v4(),
            store_root: store_root.into(),
            app_id: AppId::from_name(&app_name).as_str().to_owned(),
            identity: Identity {
                app_name,
                dsn: given.dsn.unwrap_or_default(),
                release: given.release,
                environment: given.environment,
                policy,
                max_breadcrumbs: 0,
                full_stacks: given.full_stacks,
                ..Identity::default()
            },
            links: Links::default(),
            // A client is started by somebody else; how, is not known here.
            executable: PathBuf::new().into(),
            can_restart: false,
            arguments: Vec::new(),
            working_folder: PathBuf::new().into(),
            // Many programs may be served: none of their terminals is the place to ask.
            terminal: None,
        };
        Ok(Settings { socket, hello })
    }
}

#[derive(Default)]
struct Given {
    socket: Option<PathBuf>,
    app: Option<String>,
    release: Option<String>,
    environment: Option<String>,
    store: Option<PathBuf>,
    dsn: Option<String>,
    consent: Option<String>,
    full_stacks: bool,
}

impl Given {
    fn read(&mut self, arguments: Vec<OsString>) -> Result<(), lexopt::Error> {
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("minidumper-socket") => self.socket = Some(parser.value()?.into()),
                Arg::Long("app") => self.app = Some(parser.value()?.string()?),
                Arg::Long("release") => self.release = Some(parser.value()?.string()?),
                Arg::Long("environment") => self.environment = Some(parser.value()?.string()?),
                Arg::Long("store") => self.store = Some(parser.value()?.into()),
                Arg::Long("dsn") => self.dsn = Some(parser.value()?.string()?),
                Arg::Long("consent") => self.consent = Some(parser.value()?.string()?),
                Arg::Long("full-stacks") => self.full_stacks = true,
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    }
}

fn usage(why: String) -> Error {
    Error::Usage { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Settings, Error> {
        Settings::parse(arguments.iter().map(OsString::from).collect())
    }

    #[test]
    fn a_client_that_says_nothing_is_named_by_its_socket() {
        let settings = parse(&["--minidumper-socket", "/run/user/7/Paint box.sock", "--store", "/s"]).unwrap();
        assert_eq!(settings.hello.identity.app_name, "Paint box");
        assert_eq!(settings.hello.app_id, "Paint-box");
        assert_eq!(settings.hello.store_root.as_path(), std::path::Path::new("/s"));
        assert_eq!(settings.hello.identity.policy, Policy::Ask);
        assert!(settings.only_keeps());
    }

    #[test]
    fn what_is_given_counts() {
        let settings = parse(&[
            "--app=Paintbox",
            "--release=p@1",
            "--dsn=http://key@localhost/1",
            "--consent=always",
            "--minidumper-socket=s",
            "--store=/s",
        ])
        .unwrap();
        assert_eq!(settings.hello.identity.app_name, "Paintbox");
        assert_eq!(settings.hello.identity.release.as_deref(), Some("p@1"));
        assert_eq!(settings.hello.identity.policy, Policy::Always);
        assert!(!settings.only_keeps());
    }

    #[test]
    fn what_cannot_work_is_refused_before_anything_is_made() {
        for (arguments, why) in [
            (&["--minidumper-socket"][..], "missing argument"),
            (&["--minidumper-socket", "/"], "path of a socket"),
            (&["--minidumper-socket", "s", "--dsn", "nowhere"], "--dsn"),
            (&["--minidumper-socket", "s", "--consent", "always"], "needs a --dsn"),
            (&["--minidumper-socket", "s", "--consent", "never"], "ask or always"),
            (&["--minidumper-socket", "s", "--relase", "1"], "--relase"),
            (&["--minidumper-socket", "s", "left over"], "left over"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    /// Every option that is read is one that `--help` teaches.
    #[test]
    fn help_names_every_option() {
        let source = include_str!("options.rs");
        let read: Vec<&str> = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Arg::Long(\"")?.split('"').next())
            .collect();
        assert_eq!(read.len(), 8);
        for name in read {
            assert!(HELP.contains(&format!("\n    --{name} ")), "{name}");
        }
    }
}
