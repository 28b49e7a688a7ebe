//! The layer for `tracing`.

use sentry::integrations::tracing::{BreadcrumbLayer, ErrorLayer, SpanLayer};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

/// What `tracing` tells becomes part of reports, crash reports too:
///
/// | | becomes |
/// | --- | --- |
/// | a span of level *info* and above | a transaction, or a span of the one that is under way, if tracing is on |
/// | an event of level *error* | an error |
/// | an event of level *warn* or *info* | a breadcrumb |
///
/// The SDK's layers, from which this one is made, are in `afterword::sentry::integrations::tracing`.
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry().with(afterword::tracing_layer());
/// ```
pub fn tracing_layer<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let is_breadcrumb = filter_fn(|metadata| {
        let level = LevelFilter::from_level(*metadata.level());
        level == LevelFilter::INFO || level == LevelFilter::WARN
    });
    SpanLayer::new()
        .with_filter(LevelFilter::INFO)
        .and_then(ErrorLayer::new().with_filter(LevelFilter::ERROR))
        .and_then(BreadcrumbLayer::new().with_filter(is_breadcrumb))
}
