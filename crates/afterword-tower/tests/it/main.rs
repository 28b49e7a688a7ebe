//! The layer around axum's router and around plain services, with a client whose transport collects.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod bodies;
mod delivery;
mod hubs;
mod orders;
mod panics;
mod requests;
mod sessions;
mod sockets;
mod support;
mod transactions;
