//! Several collectors on one PostgreSQL, with blobs in a store that speaks S3.

use std::process::Command;

use afterword_servers::{Postgres, S3};

use super::load::Load;
use super::program::Program;
use crate::clients::installed;

/// What collectors share.
struct Stores {
    postgres: Postgres,
    s3: S3,
}

impl Stores {
    fn start() -> Stores {
        let postgres = Postgres::start().unwrap();
        postgres.create_database("afterword").unwrap();
        Stores {
            postgres,
            s3: S3::start(&installed("python/bin/moto_server")).unwrap(),
        }
    }

    /// The options of a collector that uses them.
    fn tell(&self, command: &mut Command) {
        command.args(["--database", &self.postgres.url("afterword")]);
        command.args(["--blobs", &format!("s3://{}/blobs", S3::BUCKET)]);
        command.envs(self.s3.environment());
    }

    fn ask(&self, sql: &str) -> String {
        self.postgres.ask("afterword", sql).unwrap()
    }
}

#[test]
fn two_collectors_on_one_database_lose_and_double_nothing_when_one_is_killed() {
    const COUNT: usize = 1500;
    let stores = Stores::start();
    let mut doomed = Program::start_with(|command| stores.tell(command));
    let other = Program::start_with(|command| stores.tell(command));
    assert_eq!(
        doomed.key_and_project(),
        other.key_and_project(),
        "they have the project in common"
    );

    let load = Load::begin(&doomed, 6, 0..COUNT);
    load.aim(&[&doomed.url, &other.url]);
    load.wait_for_accepted(COUNT / 3);
    doomed.kill();
    load.aim(&[&other.url]);
    load.wait_for_accepted(COUNT / 2);
    // A third joins while it goes on.
    let third = Program::start_with(|command| stores.tell(command));
    load.aim(&[&other.url, &third.url]);
    let account = load.end();

    // Each shows all of it.
    account.check(&third);
    account.check(&other);
    assert_eq!(stores.ask("SELECT COUNT(*) FROM inbox"), "0");
    assert_eq!(stores.ask("SELECT COUNT(*) FROM set_aside"), "0");
    assert!(!stores.s3.objects().unwrap().is_empty());
    let files = std::fs::read_dir(other.data().join("blobs")).map_or(0, Iterator::count);
    assert_eq!(files, 0, "blobs are in the store");
}
