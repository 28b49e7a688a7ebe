//! The commands besides `serve`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use afterword_collector::Config;
use anyhow::Context as _;
use clap::{Args, Subcommand};

/// Where the collector keeps what it has: the same as for `serve`.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Folder for the database and the files [default: the user's data folder].
    #[arg(long, value_name = "DIR", env = "AFTERWORD_COLLECTOR_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Database that several collectors share, as postgres://user:password@host/database [default: SQLite in the data
    /// folder].
    #[arg(
        long,
        value_name = "URL",
        env = "AFTERWORD_COLLECTOR_DATABASE",
        hide_env_values = true
    )]
    pub(crate) database: Option<String>,

    /// Store for files that several collectors share, as s3://bucket/prefix; region, keys and endpoint come from AWS_…
    /// variables [default: the data folder].
    #[arg(long, value_name = "URL", env = "AFTERWORD_COLLECTOR_BLOBS")]
    pub(crate) blobs: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Folder for the backup; made, or empty.
    #[arg(value_name = "FOLDER")]
    into: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Folder of the backup.
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// List who has an account.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make an account. The password is asked for, or read from standard input.
    Add {
        /// The e-mail address to sign in with.
        email: String,
        /// The name to show.
        #[arg(long, default_value = "")]
        name: String,
        /// The organisation to be a member of; made unless it is there.
        #[arg(long, value_name = "ORG")]
        organization: String,
        /// What they may: owner, member or viewer.
        #[arg(long, default_value = "member")]
        role: String,
        #[command(flatten)]
        place: Place,
    },
    /// Change a password, for example a lost one, and sign the account out everywhere. The password is asked for, or read
    /// from standard input.
    SetPassword {
        /// The e-mail address of the account.
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Remove an account with its tokens. What it decided about issues stays.
    Remove {
        /// The e-mail address of the account.
        email: String,
        #[command(flatten)]
        place: Place,
    },
}

impl Place {
    /// The configuration it is part of; `listen` does not count.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let data = match self.data {
            Some(data) => data,
            None => directories::ProjectDirs::from("", "", "afterword-collector")
                .context("this user has no data folder: name one with --data DIR")?
                .data_local_dir()
                .to_owned(),
        };
        let mut config = Config::new(data, ([127, 0, 0, 1], 0).into());
        config.database = self.database;
        config.blobs = self.blobs;
        Ok(config)
    }
}

pub(crate) async fn backup(backup: Backup) -> anyhow::Result<()> {
    let config = backup.place.config()?;
    if config.database.is_some() {
        println!("the database is PostgreSQL's: back it up with pg_dump; what follows are the files beside it");
    }
    if config.blobs.is_some() {
        println!("the files are in an object store: back them up there");
    }
    let copied = afterword_collector::backup(&config, &backup.into)
        .await
        .context("could not make a backup")?;
    let (files, megabytes) = (copied.files, copied.bytes >> 20);
    println!(
        "backed up {files} files, {megabytes} MiB, into {}",
        backup.into.display()
    );
    Ok(())
}

pub(crate) async fn restore(restore: Restore) -> anyhow::Result<()> {
    let config = restore.place.config()?;
    let copied = afterword_collector::restore(&config, &restore.from)
        .await
        .context("could not restore the backup")?;
    println!("restored {} files into {}", copied.files, config.data.display());
    if config.database.is_some() {
        println!("the database is PostgreSQL's: restore it with pg_restore or psql");
    }
    Ok(())
}

pub(crate) async fn user(user: User) -> anyhow::Result<()> {
    match user {
        User::List { place } => {
            for person in afterword_collector::list_users(&place.config()?).await? {
                println!("{}\t{}", person.email, person.name);
            }
        }
        User::Add {
            email,
            name,
            organization,
            role,
            place,
        } => {
            let password = password(&email)?;
            let config = place.config()?;
            afterword_collector::add_user(&config, &email, &name, &password, &organization, &role).await?;
            println!("{email} can sign in");
        }
        User::SetPassword { email, place } => {
            let password = password(&email)?;
            afterword_collector::set_password(&place.config()?, &email, &password).await?;
            println!("{email} has a new password and is signed out everywhere");
        }
        User::Remove { email, place } => {
            afterword_collector::remove_user(&place.config()?, &email).await?;
            println!("{email} has no account any more");
        }
    }
    Ok(())
}

/// Reads a line from standard input; a terminal is asked, twice, and does not show it.
fn password(email: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return line();
    }
    let silence = Silence::begin();
    let first = asked(&format!("Password for {email}: "))?;
    let second = asked("Again: ")?;
    drop(silence);
    anyhow::ensure!(first == second, "the two are not the same: try again");
    Ok(first)
}

fn asked(question: &str) -> anyhow::Result<String> {
    print!("{question}");
    std::io::stdout().flush()?;
    let answer = line()?;
    println!();
    Ok(answer)
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.context("could not read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal does not show what is typed until this is dropped.
#[cfg(unix)]
struct Silence(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Silence {
    fn begin() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).ok();
        let silent = before.clone().is_some_and(|mut modes| {
            modes.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&stdin, OptionalActions::Now, &modes).is_ok()
        });
        Self(before.filter(|_| silent))
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = &self.0 {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(not(unix))]
struct Silence;

#[cfg(not(unix))]
impl Silence {
    fn begin() -> Self {
        Self
    }
}
