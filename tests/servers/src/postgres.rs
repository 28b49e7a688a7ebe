//! A PostgreSQL cluster that lives as long as a test.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Process;
use crate::process::wait_for;

/// A cluster in a temporary folder, on a free port. Whoever is on this computer may use it without a password.
///
/// PostgreSQL refuses to be root: then it runs as the user `postgres`, which Debian's package makes. What it writes is not
/// synced, since no test switches the computer off.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    programs: PathBuf,
    port: u16,
    // After the process: it is dropped last.
    folder: TempDir,
}

impl Postgres {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start, with what it said.
    pub fn start() -> io::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir()?;
        let user = user(folder.path())?;
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid))?;
        }
        let mut initdb = command(&programs.join("initdb"), user);
        initdb.args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        said_well(initdb.arg("--pgdata").arg(folder.path().join("data")))?;

        // Between our looking for a free port and its taking it, another may: then once more.
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::serve(&programs, folder.path(), user) {
                Ok((process, port)) => {
                    return Ok(Self {
                        process,
                        programs,
                        port,
                        folder,
                    });
                }
                Err(error) if attempts == 5 => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn serve(programs: &Path, folder: &Path, user: Option<(u32, u32)>) -> io::Result<(Process, u16)> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = folder.join("log");
        let mut postgres = command(&programs.join("postgres"), user);
        postgres.arg("-D").arg(folder.join("data"));
        postgres
            .arg("-k")
            .arg(folder)
            .args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        for setting in ["fsync=off", "full_page_writes=off", "max_connections=200"] {
            postgres.args(["-c", setting]);
        }
        postgres.stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let mut process = Process::spawn(&mut postgres)?;
        wait_for("PostgreSQL", || {
            if let Some(status) = process.child().try_wait()? {
                let said = fs::read_to_string(&log)?;
                return Err(io::Error::other(format!("PostgreSQL has ended ({status}): {said}")));
            }
            // It listens before it is ready.
            let ready = fs::read_to_string(&log)?.contains("ready to accept connections");
            Ok((ready && TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(()))
        })?;
        Ok((process, port))
    }

    /// The address of a database in it. `postgres` is always there.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database, and returns its address.
    ///
    /// # Errors
    /// When it is there already, or PostgreSQL refuses.
    pub fn create_database(&self, name: &str) -> io::Result<String> {
        self.ask("postgres", &format!("CREATE DATABASE \"{name}\""))?;
        Ok(self.url(name))
    }

    /// What `psql` answers to a line of SQL: a line a row, columns apart by `|`.
    ///
    /// # Errors
    /// When PostgreSQL refuses it, with what it said.
    pub fn ask(&self, database: &str, sql: &str) -> io::Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--command",
            sql,
        ]);
        said_well(psql.arg("--dbname").arg(self.url(database)))
    }

    /// The folder of its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, and leaving nothing in shared memory, which `kill -9` would. If it does not end, it is killed anyway.
        drop(self.process.end("QUIT"));
    }
}

/// The newest that is installed where Debian puts them, else where the path leads to.
fn programs() -> io::Result<PathBuf> {
    let version = |path: &Path| -> Option<u32> { path.file_name()?.to_str()?.parse().ok() };
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("bin/postgres").is_file())
        .max_by_key(|path| version(path));
    if let Some(path) = debian {
        return Ok(path.join("bin"));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| folder.join("postgres").is_file())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "PostgreSQL is not installed (Debian: postgresql)",
            )
        })
}

/// Who PostgreSQL runs as, by number; `None` where that is whoever we are. The folder is ours.
fn user(folder: &Path) -> io::Result<Option<(u32, u32)>> {
    if fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let numbers = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no user postgres for it to run as");
    numbers.map(Some).ok_or_else(missing)
}

fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    // The folder we are in may be closed to that user.
    command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

/// Runs a command to its end and returns what it printed.
fn said_well(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let program = command.get_program().display();
        return Err(io::Error::other(format!("{program}: {}: {said}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
