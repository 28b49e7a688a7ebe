//! axum: its matched path, and its body.

use std::any::{Any, TypeId};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::MatchedPath;
use http::{Extensions, Request};

use crate::request::{BodyCopy, ObservedBody, Wanted};

/// The pattern of the route that was matched, such as `/users/{id}`.
#[derive(Debug, Clone)]
pub(crate) struct Route(MatchedPath);

impl Route {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Known if the layer was added to a router's routes (`Router::layer`), not around a whole service.
pub(crate) fn route(extensions: &Extensions) -> Option<Route> {
    extensions.get::<MatchedPath>().cloned().map(Route)
}

/// Has the body copied while the handler reads it, if it is axum's, whose type can hold any body; else further in.
pub(crate) fn observe<B: 'static>(mut request: Request<B>, copy: &Arc<BodyCopy>) -> Request<B> {
    if TypeId::of::<B>() != TypeId::of::<Body>() {
        request.extensions_mut().insert(Wanted(Arc::clone(copy)));
        return request;
    }
    request.map(|body| {
        let mut slot = Some(body);
        if let Some(slot) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Body>>() {
            *slot = slot
                .take()
                .map(|body| Body::new(ObservedBody::new(body, Some(Arc::clone(copy)))));
        }
        slot.expect("what was taken out was put back")
    })
}
