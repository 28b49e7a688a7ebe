//! The request, as an event shows it.
//!
//! Most requests end without an event. So what is kept of each costs next to nothing (a method, a URI, which share their
//! bytes with the request), and the event's form of it is made when there is an event.

mod body;
mod headers;

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{HOST, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, Method, Request, Uri};
use sentry_core::protocol::Request as RequestContext;
use url::Url;

pub(crate) use body::{BodyCopy, Wanted};
pub use body::{ObservedBody, RequestBodyLayer, RequestBodyService};

use crate::frameworks::{self, Route};
use crate::options::LayerOptions;
use crate::text;

/// The longest path and the longest query that an event has.
const PATH_BYTES: usize = 8 * 1024;

/// The longest name of a host, with its port.
const HOST_BYTES: usize = 264;

/// What is kept of a request until it is answered.
#[derive(Debug)]
pub(crate) struct RequestRecord {
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
    route: Option<Route>,
    /// Where headers and query are wanted.
    headers: Option<HeaderMap>,
    pub(crate) body: Option<Arc<BodyCopy>>,
    send_default_pii: bool,
}

impl RequestRecord {
    pub(crate) fn new<B>(request: &Request<B>, options: &LayerOptions, send_default_pii: bool) -> RequestRecord {
        RequestRecord {
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: request.headers().get(HOST).cloned(),
            route: frameworks::route(request.extensions()),
            headers: options.send_request.then(|| request.headers().clone()),
            body: (options.send_body && body::is_text(request.headers())).then(Arc::default),
            send_default_pii,
        }
    }

    /// The method with the matched route, or with the path where no route is known.
    pub(crate) fn name(&self) -> String {
        let place = match &self.route {
            Some(route) => text::bounded(route.as_str(), PATH_BYTES),
            None => self.path(),
        };
        format!("{} {place}", self.method)
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn path(&self) -> Cow<'_, str> {
        text::bounded(self.uri.path(), PATH_BYTES)
    }

    /// For `event.request`.
    pub(crate) fn to_context(&self) -> RequestContext {
        let mut context = RequestContext {
            url: self.url(),
            method: Some(self.method.to_string()),
            ..RequestContext::default()
        };
        if let Some(headers) = &self.headers {
            context.headers = headers::to_map(headers, self.send_default_pii);
            context.query_string = self
                .uri
                .query()
                .map(|query| text::bounded(query, PATH_BYTES).into_owned());
        }
        context.data = self.body.as_ref().and_then(|body| body.text());
        context
    }

    /// Without the query, which is where identifiers and tokens are, and without a user and password.
    fn url(&self) -> Option<Url> {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        let authority = self.uri.authority().cloned().or_else(|| self.host());
        let (host, port) = authority
            .as_ref()
            .map_or(("localhost", None), |authority| (authority.host(), authority.port()));
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let path = match self.uri.path_and_query().map(PathAndQuery::path) {
            Some(path) if path.starts_with('/') => self.path(),
            _ => "/".into(),
        };
        Url::parse(&format!("{scheme}://{host}{port}{path}"))
            .or_else(|_| Url::parse(&format!("http://localhost{path}")))
            .ok()
    }

    /// That of the header, if it is one.
    fn host(&self) -> Option<Authority> {
        let host = self.host.as_ref().filter(|host| host.len() <= HOST_BYTES)?;
        Authority::try_from(host.as_bytes()).ok()
    }
}
