//! Without a framework: no route is known, and a body can only be copied further in.

use std::sync::Arc;

use http::{Extensions, Request};

use crate::request::{BodyCopy, Wanted};

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Route {}

impl Route {
    pub(crate) fn as_str(&self) -> &str {
        match *self {}
    }
}

pub(crate) fn route(_extensions: &Extensions) -> Option<Route> {
    None
}

pub(crate) fn observe<B: 'static>(mut request: Request<B>, copy: &Arc<BodyCopy>) -> Request<B> {
    request.extensions_mut().insert(Wanted(Arc::clone(copy)));
    request
}
