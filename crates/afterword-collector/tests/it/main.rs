//! The collector as its clients meet it: a real server on a free port, spoken to over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod people;
mod server;
mod stores;
mod symbols;

mod accounts;
mod alerts;
mod backup;
mod digest;
mod health;
mod ingest;
mod issues;
mod life;
mod lifetime;
mod openapi;
mod pages;
mod performance;
mod releases;
mod search;
mod sending;
mod signing_in;
mod traces;
mod watching;
