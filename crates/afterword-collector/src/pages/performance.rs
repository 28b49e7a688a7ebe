//! Performance: which transactions take the time, one of them over time, and traces.
//!
//! | path | page |
//! | --- | --- |
//! | `/performance/` | transactions by name, those that took the most time first |
//! | `/performance/transaction/?project=&name=` | one name: over time, how its durations spread, slow examples |
//! | `/traces/{trace_id}/` | a trace, see `trace` |

mod list;
mod trace;
mod transaction;
mod waterfall;

use axum::Router;
use axum::routing::get;

use super::chart::Unit;
use crate::App;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/performance/", get(list::page))
        .route("/performance/transaction/", get(transaction::page))
        .route("/traces/{trace}/", get(trace::page))
}

/// The page of a trace.
pub(super) fn trace_url(trace_id: &str) -> String {
    let digits: String = trace_id.chars().filter(char::is_ascii_hexdigit).collect();
    format!("/traces/{digits}/")
}

/// Milliseconds as people read them; nothing if there were none.
fn duration(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| Unit::Duration.say(ms * 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_digits() {
        assert_eq!(trace_url("0af\"/../x"), "/traces/0af/");
    }
}
