//! The body of the answer.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::exchange::{Caught, Exchange};
use crate::panics;

pin_project! {
    /// The inner service's body, polled with the request's hub, or the text of the layer's own 500.
    ///
    /// A panic while it is polled is captured like any other. The head of the answer is gone by then, so the body ends with
    /// [`BodyPanicked`], which makes a server break the connection off: the client sees that the answer is not whole.
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
        // Until the body is over.
        exchange: Option<Exchange>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Text { text: Option<&'static str> },
        Panicked { caught: Option<Caught> },
        Over,
    }
}

/// The error with which a body ends that panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyPanicked;

impl fmt::Display for BodyPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body of the response panicked")
    }
}

impl Error for BodyPanicked {}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn inner(body: B, exchange: Option<Exchange>) -> ResponseBody<B> {
        // Nothing more will happen: the request is over now.
        let exchange = exchange.filter(|_| !body.is_end_stream());
        ResponseBody {
            kind: Kind::Inner { body },
            exchange,
        }
    }

    pub(crate) fn text(text: &'static str, exchange: Option<Exchange>) -> ResponseBody<B> {
        drop(exchange);
        ResponseBody {
            kind: Kind::Text { text: Some(text) },
            exchange: None,
        }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: From<&'static str>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        if let KindProjection::Inner { body } = this.kind.as_mut().project() {
            let Some(exchange) = this.exchange.as_mut() else {
                // It had ended before it began.
                return body.poll_frame(cx).map_err(Into::into);
            };
            match exchange.run(|| body.poll_frame(cx)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(frame)) => {
                    if matches!(frame, Some(Err(_))) {
                        exchange.failed();
                    }
                    if !matches!(frame, Some(Ok(_))) {
                        *this.exchange = None;
                        // A body is not polled again after its end.
                        this.kind.set(Kind::Over);
                    }
                    return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
                }
                Err(payload) => {
                    let caught = Some(exchange.recover(payload));
                    if let Err(again) = exchange.run(|| this.kind.set(Kind::Panicked { caught })) {
                        panics::discard(again);
                    }
                }
            }
        }
        match this.kind.as_mut().project() {
            KindProjection::Text { text } => Poll::Ready(text.take().map(|text| Ok(Frame::data(text.into())))),
            KindProjection::Panicked { caught } => {
                if let Some(delivery) = caught.as_mut().and_then(|caught| caught.delivery.as_mut()) {
                    ready!(Pin::new(delivery).poll(cx));
                }
                let caught = caught.take();
                *this.exchange = None;
                this.kind.set(Kind::Over);
                match caught {
                    Some(Caught {
                        payload, repanic: true, ..
                    }) => resume_unwind(payload),
                    Some(Caught { payload, .. }) => panics::discard(payload),
                    None => {}
                }
                Poll::Ready(Some(Err(BodyPanicked.into())))
            }
            KindProjection::Inner { .. } | KindProjection::Over => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Text { text } => text.is_none(),
            Kind::Panicked { .. } => false,
            Kind::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Text { text } => SizeHint::with_exact(text.map_or(0, |text| text.len() as u64)),
            Kind::Panicked { .. } => SizeHint::default(),
            Kind::Over => SizeHint::with_exact(0),
        }
    }
}
