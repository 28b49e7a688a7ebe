//! Starts the stores of the collector's tests and runs a command with the variables that name them:
//!
//! `cargo run -p afterword-servers --example stores -- cargo nextest run -p afterword-collector --test it`
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, ExitCode};

use afterword_servers::{Postgres, S3};

fn main() -> std::io::Result<ExitCode> {
    let postgres = Postgres::start()?;
    let moto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/python/bin/moto_server");
    let s3 = S3::start(&moto)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut command = Command::new(arguments.next().unwrap_or("env".into()));
    command
        .args(arguments)
        .env("AFTERWORD_TEST_DATABASE", postgres.url("postgres"))
        .env("AFTERWORD_TEST_BLOBS", format!("s3://{}", S3::BUCKET))
        .envs(s3.environment());
    let ended = command.status()?;
    Ok(if ended.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
