//! A program that captures with `sentry`, without default features; with the feature `stacks` as much of the SDK as Afterword
//! turns on, and a transport that writes what it is given, as any does.

fn main() {
    let options = sentry::ClientOptions::new().maybe_release(sentry::release_name!());
    #[cfg(feature = "stacks")]
    let options = options.transport(std::sync::Arc::new(writing::Sink));
    let _sentry = sentry::init(options);
    if let Err(error) = std::fs::read("/no/such/picture.png") {
        sentry::capture_error(&error);
    }
    sentry::capture_message("captured", sentry::Level::Info);
}

#[cfg(feature = "stacks")]
mod writing {
    pub(super) struct Sink;

    impl sentry::Transport for Sink {
        fn send_envelope(&self, envelope: sentry::Envelope) {
            // A sink takes everything.
            envelope.to_writer(std::io::sink()).ok();
        }
    }
}
