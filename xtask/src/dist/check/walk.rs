//! What people do with the packages, from the installation to the removal.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use super::chroot::{Chroot, PERSON};
use crate::dist::{Place, deb};
use crate::steps::{Steps, say};

const PROJECT: &str = "demo/paint";
const DATA: &str = "/var/lib/afterword-collector";
const SETTINGS: &str = "/etc/afterword/collector.env";
const DEMO: [&str; 3] = ["afterword-demo", "--headless", "--json"];
/// Where the demo's null-write is.
const CRASHES_IN: &str = "afterword_demo::canvas::";
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// What the server said of itself.
struct Access {
    url: String,
    dsn: String,
    token: String,
}

/// All of it; a step is left out when one before it, which it builds on, has failed.
pub(super) fn go(shell: &Shell, place: &Place, chroot: &Chroot<'_>, steps: &mut Steps) {
    let mut server = None;
    let whole = steps.run("install", || install(shell, place, chroot))
        && steps.run("the server runs as its own user", || {
            server = Some(Server::start(chroot)?);
            Ok(())
        })
        && server.as_ref().is_some_and(|server| {
            let access = &server.access;
            steps.run("symbols are uploaded", || upload(place, chroot, access))
                && steps.run("crash and report", || crashes(chroot, access))
                && steps.run("the dialog's window opens, and what waits is sent", || {
                    window(shell, chroot, access)
                })
        })
        && steps.run("an upgrade keeps data and settings", || {
            upgrade(shell, place, chroot, &mut server)
        });
    // Before the folder goes: a program that runs in it would hold it.
    let ended = server.map_or(Ok(()), Server::end);
    if whole {
        steps.run("removing keeps data, purging deletes all", || {
            ended?;
            remove(shell, chroot)
        });
    } else if let Err(error) = ended {
        say(&format!("{error:#}"));
    }
}

fn install(shell: &Shell, place: &Place, chroot: &Chroot<'_>) -> anyhow::Result<()> {
    let mut packages = Vec::new();
    for package in deb::made(shell, place)? {
        packages.push(chroot.bring(&package)?);
    }
    ensure!(
        packages.len() == 4,
        "there are {} packages, and not four: leave --only out",
        packages.len()
    );
    chroot.run(&["apt-get", "update", "--quiet"])?;
    // It makes the server's user without systemd.
    let mut words = vec![
        "apt-get",
        "install",
        "--yes",
        "--no-install-recommends",
        "systemd-standalone-sysusers",
    ];
    words.extend(packages.iter().map(String::as_str));
    chroot.run(&words)?;
    for program in [
        "afterword",
        "afterword-demo",
        "afterword-collector",
        "/usr/libexec/afterword/afterword-reporter",
    ] {
        let said = chroot.run_as_person(&[], &[program, "--version"])?;
        ensure!(
            said.contains(crate::dist::version()),
            "{program} says of its version: {said}"
        );
    }
    Ok(())
}

/// The server that is installed, in its process.
struct Server {
    process: Child,
    access: Access,
}

impl Server {
    /// As its unit does, but for a port that is free and credentials.
    fn start(chroot: &Chroot<'_>) -> anyhow::Result<Self> {
        let words = ["afterword-collector", "serve", "--bootstrap", PROJECT];
        let settings = [
            "AFTERWORD_COLLECTOR_DATA=/var/lib/afterword-collector",
            "AFTERWORD_COLLECTOR_LISTEN=127.0.0.1:0",
            "RUST_LOG=warn",
        ];
        let mut process = chroot.start("afterword-collector", &settings, &words)?;
        let lines = BufReader::new(process.stdout.take().context("its output is piped")?).lines();
        // It ends with the process, which would say why on standard error.
        for line in lines {
            if let Ok(Value::Object(said)) = serde_json::from_str(&line?) {
                let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                let (url, dsn, token) = (text("url"), text("dsn"), text("token"));
                return Ok(Self {
                    process,
                    access: Access { url, dsn, token },
                });
            }
        }
        process.wait()?;
        bail!("the server did not start")
    }

    /// As systemd does.
    fn end(mut self) -> anyhow::Result<()> {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let status = self.process.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// The program is stripped: before, nobody can name its functions.
fn upload(place: &Place, chroot: &Chroot<'_>, access: &Access) -> anyhow::Result<()> {
    let nameless = crash(chroot, access, "before the symbols")?;
    ensure!(
        nameless["top_frame"]["function"].is_null(),
        "a stripped program has names: {nameless}"
    );
    let symbols = place.packages.join("symbols/afterword-demo.debug");
    let there = chroot.bring(&symbols)?;
    let token = format!("SENTRY_AUTH_TOKEN={}", access.token);
    let (org, project) = PROJECT.split_once('/').unwrap_or_default();
    let to = ["--url", &access.url, "--org", org, "--project", project];
    let said = chroot.run_as_person(
        &[&token],
        &[&["afterword", "symbols", "upload", &there], &to[..]].concat(),
    )?;
    say(said.trim_end());
    Ok(())
}

/// A crash without a window, sent to the installed server: what that shows of it.
fn crash(chroot: &Chroot<'_>, access: &Access, comment: &str) -> anyhow::Result<Value> {
    let token = format!("AFTERWORD_TOKEN={}", access.token);
    let how = ["--crash", "null-write", "--answer", "send", "--comment", comment];
    let to = ["--dsn", &access.dsn, "--project", PROJECT];
    let said = chroot.run_as_person(&[&token], &[&DEMO, &how[..], &to[..]].concat())?;
    serde_json::from_str(said.trim()).context("the demo says no JSON")
}

/// With an answer given: to the installed server, and to one of the demo's own.
fn crashes(chroot: &Chroot<'_>, access: &Access) -> anyhow::Result<()> {
    let comment = "I pressed Save";
    let shown = crash(chroot, access, comment)?;
    say(&serde_json::to_string_pretty(&shown)?);
    ensure!(shown["signal"] == "SIGSEGV", "the server does not show the signal");
    ensure!(shown["comment"] == comment, "the server does not show the comment");
    let top = &shown["top_frame"];
    ensure!(
        top["function"]
            .as_str()
            .is_some_and(|name| name.starts_with(CRASHES_IN))
            && top["file"].as_str().is_some_and(|file| file.ends_with(".rs"))
            && top["line"].is_u64(),
        "the server does not name the function that crashed: {top}"
    );
    let refused = ["--crash", "panic", "--answer", "dont-send"];
    chroot.run_as_person(&[], &[&DEMO, &refused[..]].concat())?;
    Ok(())
}

/// With a display and nobody's answer, by the reporter of its own package: the libraries that are named as dependencies are
/// those that a window needs.
fn window(shell: &Shell, chroot: &Chroot<'_>, access: &Access) -> anyhow::Result<()> {
    let display = Display::start()?;
    let _display = shell.push_env("DISPLAY", &display.name);
    let setting = format!("DISPLAY={}", display.name);
    let home = format!("HOME=/home/{PERSON}");
    let store = format!("/home/{PERSON}/store");
    let reporter = "AFTERWORD_REPORTER=/usr/libexec/afterword/afterword-reporter";
    let words = [
        "afterword-demo",
        "--app",
        "--headless",
        "--crash",
        "null-write",
        "--dsn",
        &access.dsn,
        "--store",
        &store,
    ];
    let mut app = chroot.start(PERSON, &[&setting, &home, reporter], &words)?;
    app.wait()?;
    let name = "Afterword Demo";
    let window = wait_for("the dialog's window", || {
        let found = cmd!(shell, "xdotool search --onlyvisible --name {name}")
            .quiet()
            .ignore_stderr()
            .read();
        Ok(found.ok().and_then(|found| found.lines().next().map(str::to_owned)))
    })?;
    cmd!(shell, "xdotool windowclose {window}").quiet().run()?;
    let list = ["afterword", "reports", "--store", &store, "list", "--json"];
    let report = wait_for("the report to wait", || {
        let reports: Value = serde_json::from_str(&chroot.run_as_person(&[], &list)?)?;
        let waits = reports[0]["state"] == "waiting";
        Ok(waits.then(|| reports[0]["id"].as_str().unwrap_or_default().to_owned()))
    })?;
    let before = events(shell, access)?;
    let send = ["afterword", "reports", "--store", &store, "send", &report, "--yes"];
    say(chroot.run_as_person(&[], &send)?.trim_end());
    wait_for("the server to have it", || {
        Ok((events(shell, access)? == before + 1).then_some(()))
    })
}

/// How many events the server shows.
fn events(shell: &Shell, access: &Access) -> anyhow::Result<usize> {
    let header = format!("Authorization: Bearer {}", access.token);
    let url = format!("{}/api/0/projects/{PROJECT}/events/", access.url);
    let said = cmd!(shell, "curl --silent --fail --header {header} {url}")
        .quiet()
        .read()?;
    let events: Value = serde_json::from_str(&said)?;
    Ok(events.as_array().context("the server lists events")?.len())
}

/// The next revision of the same: what it finds is what was there.
fn upgrade(shell: &Shell, place: &Place, chroot: &Chroot<'_>, server: &mut Option<Server>) -> anyhow::Result<()> {
    let before = events(shell, &server.as_ref().context("the server runs")?.access)?;
    if let Some(server) = server.take() {
        server.end()?;
    }
    let settings = chroot.path(SETTINGS);
    let mine = format!("{}\n# mine\n", shell.read_file(&settings)?);
    shell.write_file(&settings, &mine)?;

    let package = deb::made(shell, place)?;
    let package = package
        .iter()
        .find(|file| file.to_string_lossy().contains("afterword-collector_"));
    let package = package.context("there is a package of the server")?;
    let tree = place.fresh(shell, "upgrade")?;
    cmd!(shell, "dpkg-deb --raw-extract {package} {tree}").quiet().run()?;
    let control = tree.join("DEBIAN/control");
    let next = shell
        .read_file(&control)?
        .replace("-1\nArchitecture:", "-2\nArchitecture:");
    shell.write_file(&control, next)?;
    // A new text of the settings, too, as a new version may have.
    let theirs = tree.join("etc/afterword/collector.env");
    shell.write_file(&theirs, format!("{}\n# theirs\n", shell.read_file(&theirs)?))?;
    let newer = place.stage.join("newer.deb");
    cmd!(shell, "dpkg-deb --root-owner-group -Zxz -z1 --build {tree} {newer}")
        .quiet()
        .ignore_stdout()
        .run()?;
    let newer = chroot.bring(&newer)?;
    chroot.run(&["dpkg", "--force-confdef", "--force-confold", "--install", &newer])?;
    let version = chroot.run(&["dpkg-query", "--show", "--showformat=${Version}", "afterword-collector"])?;
    ensure!(version.ends_with("-2"), "the upgrade left {version}");
    ensure!(shell.read_file(&settings)? == mine, "the upgrade changed the settings");

    let upgraded = Server::start(chroot)?;
    let after = events(shell, &upgraded.access)?;
    *server = Some(upgraded);
    ensure!(
        before >= 2 && after == before,
        "{before} events before the upgrade, {after} after it"
    );
    Ok(())
}

fn remove(shell: &Shell, chroot: &Chroot<'_>) -> anyhow::Result<()> {
    let removed = chroot.run(&["apt-get", "remove", "--yes", "afterword-collector"])?;
    ensure!(
        removed.contains("the data stays in"),
        "removing does not say that the data stays"
    );
    ensure!(
        chroot.path(DATA).read_dir()?.next().is_some(),
        "removing deleted the data"
    );
    ensure!(chroot.path(SETTINGS).is_file(), "removing deleted the settings");
    let purged = chroot.run(&[
        "apt-get",
        "purge",
        "--yes",
        "afterword-collector",
        "afterword-demo",
        "afterword-reporter",
        "afterword",
    ])?;
    ensure!(
        purged.contains("deleting all crash reports"),
        "purging does not say what it deletes"
    );
    let root = &chroot.root;
    let own = [
        root.join("proc"),
        root.join("packages"),
        root.join("home"),
        root.join("var/lib/apt"),
    ];
    let not = own
        .iter()
        .flat_map(|folder| ["-path".as_ref(), folder.as_os_str(), "-prune".as_ref(), "-o".as_ref()]);
    let name = "*afterword*";
    let left = cmd!(shell, "find {root} {not...} -iname {name} -print")
        .quiet()
        .read()?;
    ensure!(left.is_empty(), "after purging there is still:\n{left}");
    Ok(())
}

/// A display that nobody sees.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().context("its output is piped")?).read_line(&mut number)?;
        ensure!(!number.trim().is_empty(), "Xvfb does not start");
        Ok(Self {
            server,
            name: format!(":{}", number.trim()),
        })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(begun.elapsed() < PATIENCE, "waited {} s for {what}", PATIENCE.as_secs());
        std::thread::sleep(POLL);
    }
}
