//! Spans, errors and breadcrumbs from `tracing`: `SENTRY_DSN=… cargo run -p afterword-examples --example tracing`

use std::time::Duration;

use afterword::{Consent, Options, Reporter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[expect(clippy::print_stdout, reason = "this is a program")]
fn main() -> anyhow::Result<()> {
    afterword_reporter::run_if_asked();
    let _afterword = Options::default()
        .app_name("Tracing example")
        .release(afterword::release_name!())
        .reporter(Reporter::Itself)
        .consent(Consent::Always)
        .traces_sample_rate(1.0)
        .init()?;
    tracing_subscriber::registry()
        .with(afterword::tracing_layer())
        .with(tracing_subscriber::fmt::layer())
        .init();
    export("picture.png");
    println!("{}", afterword::flush(Duration::from_secs(5)));
    Ok(())
}

/// A transaction with a span in it; its breadcrumb is part of the error.
#[tracing::instrument]
fn export(path: &str) {
    tracing::info!("the picture is encoded");
    write(path);
}

#[tracing::instrument]
fn write(path: &str) {
    tracing::error!(path, "the picture cannot be written");
}
