//! The answer that is being made.

use std::error::Error;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::exchange::{Caught, Exchange};
use crate::panics;

/// What a person who asks with curl reads.
const TEXT: &str = "internal server error\n";

pin_project! {
    /// The future of [`crate::AfterwordService`]: the inner service's, polled with the request's hub, its panic caught.
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
        // None once it is with the body.
        exchange: Option<Exchange>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Running { #[pin] future: F },
        Panicked { caught: Option<Caught> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn running(exchange: Exchange, future: F) -> ResponseFuture<F> {
        ResponseFuture {
            state: State::Running { future },
            exchange: Some(exchange),
        }
    }

    pub(crate) fn panicked(exchange: Exchange, caught: Caught) -> ResponseFuture<F> {
        ResponseFuture {
            state: State::Panicked { caught: Some(caught) },
            exchange: Some(exchange),
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Data: From<&'static str>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let exchange = this
            .exchange
            .as_mut()
            .expect("a future that is done is not polled again");
        if let StateProjection::Running { future } = this.state.as_mut().project() {
            match exchange.run(|| future.poll(cx)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(answer)) => {
                    match &answer {
                        Ok(response) => exchange.answered(response.status()),
                        Err(_) => exchange.failed(),
                    }
                    let exchange = this.exchange.take();
                    return Poll::Ready(
                        answer.map(|response| response.map(|body| ResponseBody::inner(body, exchange))),
                    );
                }
                Err(payload) => {
                    let caught = Some(exchange.recover(payload));
                    // Drops what panicked; that may panic too, and is told to the log only.
                    if let Err(again) = exchange.run(|| this.state.set(State::Panicked { caught })) {
                        panics::discard(again);
                    }
                }
            }
        }
        let StateProjection::Panicked { caught } = this.state.project() else {
            unreachable!("it has just been set");
        };
        if let Some(delivery) = caught.as_mut().and_then(|caught| caught.delivery.as_mut()) {
            ready!(Pin::new(delivery).poll(cx));
        }
        let exchange = this.exchange.take();
        let caught = caught.take().expect("a future that is done is not polled again");
        if caught.repanic {
            drop(exchange);
            resume_unwind(caught.payload);
        }
        panics::discard(caught.payload);
        Poll::Ready(Ok(answer(exchange)))
    }
}

/// The 500.
fn answer<B: Body>(exchange: Option<Exchange>) -> Response<ResponseBody<B>> {
    let mut response = Response::new(ResponseBody::text(TEXT, exchange));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
