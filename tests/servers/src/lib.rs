//! The servers that tests and benches start as processes of their own: the collector's program ([`Collector`]),
//! PostgreSQL ([`Postgres`]) and a store that speaks S3 ([`S3`]); and what a load on them is made with ([`Connection`]).
//!
//! Each listens on this computer alone, on a port that was free, keeps what it writes in a folder of its own, and ends
//! with the value that stands for it. Nothing is shared between two of them, so that tests can run beside each other.
//!
//! `xtask` uses this too, which is built before everything else: hence hardly any dependencies.

mod collector;
mod http;
#[cfg(unix)]
mod postgres;
mod process;
mod s3;

pub use collector::Collector;
pub use http::{Answer, Connection};
#[cfg(unix)]
pub use postgres::Postgres;
pub use process::Process;
pub use s3::S3;
