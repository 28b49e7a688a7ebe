//! A copy of the request's body, made while the handler reads it.
//!
//! Nothing is read that the handler does not read, and nothing is held back: a frame goes on to the handler as it came, and
//! what fits into the bound is copied on its way.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Request};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// As much of a body as an event has.
const COPY_BYTES: usize = 64 * 1024;

/// Whether a body is of a kind that is copied: JSON, a form or plain text, as it is.
pub(super) fn is_text(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let listed = essence == "application/json"
        || essence == "application/x-www-form-urlencoded"
        || essence.starts_with("text/")
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    listed && !headers.contains_key(CONTENT_ENCODING)
}

/// What was copied of one body.
#[derive(Debug, Default)]
pub(crate) struct BodyCopy(Mutex<Copied>);

#[derive(Debug, Default)]
struct Copied {
    bytes: Vec<u8>,
    /// All that the handler has read, copied or not.
    read_bytes: u64,
    ended: bool,
    /// Somebody copies: a body of this type could be wrapped.
    observed: bool,
}

impl BodyCopy {
    /// For `event.request.data`. Where it is not the whole body, it says so at its end.
    pub(crate) fn text(&self) -> Option<String> {
        let copied = self.lock();
        if !copied.observed {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| {
                log::warn!(
                    "send_body has no effect: bodies that are not axum's need afterword_tower::RequestBodyLayer"
                );
            });
            return None;
        }
        let mut text = String::from_utf8_lossy(&copied.bytes).into_owned();
        if copied.read_bytes > copied.bytes.len() as u64 {
            text.push_str(&format!("… [cut after {} bytes]", copied.bytes.len()));
        } else if !copied.ended {
            text.push_str("… [the handler had read no further]");
        }
        Some(text)
    }

    fn add(&self, data: &Bytes) {
        let mut copied = self.lock();
        let room = COPY_BYTES - copied.bytes.len();
        copied.bytes.extend_from_slice(&data[..data.len().min(room)]);
        copied.read_bytes += data.len() as u64;
    }

    fn lock(&self) -> MutexGuard<'_, Copied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pin_project! {
    /// A request body of which a copy is made for events, while it is read: see [`RequestBodyLayer`].
    #[derive(Debug)]
    pub struct ObservedBody<B> {
        #[pin]
        body: B,
        copy: Option<Arc<BodyCopy>>,
    }
}

impl<B> ObservedBody<B> {
    pub(crate) fn new(body: B, copy: Option<Arc<BodyCopy>>) -> ObservedBody<B>
    where
        B: Body,
    {
        if let Some(copy) = &copy {
            let mut copied = copy.lock();
            copied.observed = true;
            copied.ended = body.is_end_stream();
        }
        ObservedBody { body, copy }
    }
}

impl<B: Body<Data = Bytes>> Body for ObservedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if let Some(copy) = this.copy {
            if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref))
                && let Some(data) = data
            {
                copy.add(data);
            }
            if frame.is_none() || this.body.is_end_stream() {
                copy.lock().ended = true;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Goes along in the request's extensions to where the body can be wrapped.
#[derive(Debug, Clone)]
pub(crate) struct Wanted(pub(crate) Arc<BodyCopy>);

/// Lets [`crate::LayerOptions::send_body`] see bodies of any type: a layer of its own inside of [`crate::AfterwordLayer`],
/// since it changes the type of the body that the inner service gets to [`ObservedBody`]. With axum it is not needed.
///
/// ```
/// use afterword_tower::{AfterwordLayer, LayerOptions, ObservedBody, RequestBodyLayer};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, service_fn};
///
/// let service = ServiceBuilder::new()
///     .layer(AfterwordLayer::with_options(LayerOptions::new().send_body(true)))
///     .layer(RequestBodyLayer::new())
///     .service(service_fn(|request: Request<ObservedBody<Full<Bytes>>>| async move {
///         Ok::<_, std::convert::Infallible>(Response::new(request.into_body()))
///     }));
/// # fn is_a_service<S: tower::Service<Request<Full<Bytes>>>>(_: S) {}
/// # is_a_service(service);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestBodyLayer(());

impl RequestBodyLayer {
    /// The layer. It has no options: which bodies are copied is said to [`crate::AfterwordLayer`].
    pub fn new() -> RequestBodyLayer {
        RequestBodyLayer(())
    }
}

impl<S> Layer<S> for RequestBodyLayer {
    type Service = RequestBodyService<S>;

    fn layer(&self, inner: S) -> RequestBodyService<S> {
        RequestBodyService { inner }
    }
}

/// What [`RequestBodyLayer`] makes of a service.
#[derive(Debug, Clone)]
pub struct RequestBodyService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for RequestBodyService<S>
where
    S: Service<Request<ObservedBody<B>>>,
    B: Body<Data = Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let copy = request.extensions_mut().remove::<Wanted>().map(|wanted| wanted.0);
        self.inner.call(request.map(|body| ObservedBody::new(body, copy)))
    }
}
