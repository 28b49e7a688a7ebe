//! The collector as its clients meet it: a real server on a free port, spoken to over HTTP.

mod server;

mod digest;
mod ingest;
