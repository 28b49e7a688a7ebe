//! A program that captures with `sentry`, without default features.

fn main() {
    let options = sentry::ClientOptions::new().maybe_release(sentry::release_name!());
    let _sentry = sentry::init(options);
    if let Err(error) = std::fs::read("/no/such/picture.png") {
        sentry::capture_error(&error);
    }
    sentry::capture_message("captured", sentry::Level::Info);
}
