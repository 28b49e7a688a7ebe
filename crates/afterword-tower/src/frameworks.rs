//! What the layer knows of frameworks: the route that a request matched, and how a body is put into their type.

#[cfg(feature = "axum")]
mod axum;
#[cfg(not(feature = "axum"))]
mod none;

#[cfg(feature = "axum")]
pub(crate) use axum::{Route, observe, route};
#[cfg(not(feature = "axum"))]
pub(crate) use none::{Route, observe, route};
