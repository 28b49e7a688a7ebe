//! The one style sheet and the one script, each joined of what the rooms of the pages bring.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::App;
use crate::blobs::sha256_hex;

const SHEETS: &[&str] = &[
    include_str!("../../assets/css/base.css"),
    include_str!("../../assets/css/frame.css"),
    include_str!("../../assets/css/charts.css"),
    include_str!("../../assets/css/issues.css"),
    include_str!("../../assets/css/issue.css"),
    include_str!("../../assets/css/releases.css"),
    include_str!("../../assets/css/performance.css"),
    include_str!("../../assets/css/alerts.css"),
    include_str!("../../assets/css/settings.css"),
    include_str!("../../assets/css/start.css"),
];

const SCRIPTS: &[&str] = &[
    include_str!("../../assets/js/frame.js"),
    include_str!("../../assets/js/issues.js"),
    include_str!("../../assets/js/issue.js"),
    include_str!("../../assets/js/alerts.js"),
    include_str!("../../assets/js/start.js"),
];

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::join(SHEETS, "text/css; charset=utf-8"));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::join(SCRIPTS, "text/javascript; charset=utf-8"));

/// A file of ours.
pub(super) struct Asset {
    text: String,
    kind: &'static str,
    /// Changes with its text, so that browsers may keep it for long.
    version: String,
}

impl Asset {
    fn join(parts: &[&str], kind: &'static str) -> Self {
        let text = parts.join("\n");
        let version = sha256_hex(text.as_bytes())[..12].to_owned();
        Self { text, kind, version }
    }

    fn answer(&'static self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=31536000, immutable"),
            ),
        ];
        (headers, self.text.as_str()).into_response()
    }
}

/// For whoever asks.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/assets/app.css", get(async || STYLE.answer()))
        .route("/assets/app.js", get(async || SCRIPT.answer()))
}

/// Where the style sheet is.
pub(super) fn style_url() -> String {
    format!("/assets/app.css?v={}", STYLE.version)
}

/// Where the script is.
pub(super) fn script_url() -> String {
    format!("/assets/app.js?v={}", SCRIPT.version)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// What all pages have; the others are each a room's.
    const SHARED: [&str; 3] = ["base.css", "frame.css", "charts.css"];

    /// The selectors of a sheet, without what is in brackets.
    fn selectors(sheet: &str) -> Vec<String> {
        let mut text = String::new();
        let mut rest = sheet;
        while let Some((before, comment)) = rest.split_once("/*") {
            text.push_str(before);
            rest = comment.split_once("*/").expect("a comment ends").1;
        }
        text.push_str(rest);
        let mut depth = 0;
        text.retain(|char| {
            depth += i32::from(char == '(') - i32::from(char == ')');
            depth == 0
        });
        let mut parts: Vec<&str> = text.split('{').collect();
        // What is behind the last bracket leads nothing.
        parts.pop();
        let lists = parts.iter().filter_map(|part| part.rsplit(['}', ';']).next());
        let lists = lists.filter(|list| !list.trim_start().starts_with('@'));
        lists
            .flat_map(|list| list.split(',').map(|one| one.trim().to_owned()))
            .collect()
    }

    fn classes(selector: &str) -> impl Iterator<Item = &str> {
        let is_of_name = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        let names = selector.split('.').skip(1);
        names.map(move |rest| rest.split(|char| !is_of_name(char)).next().unwrap_or_default())
    }

    /// Classes that a room's sheet shapes wherever they are, and that another sheet has for something else: they met on pages
    /// that nobody had looked at.
    fn met(sheets: &BTreeMap<String, String>) -> Vec<String> {
        let named: BTreeMap<&str, BTreeSet<String>> = sheets
            .iter()
            .map(|(sheet, text)| {
                let selectors = selectors(text);
                let all = selectors
                    .iter()
                    .flat_map(|selector| classes(selector))
                    .map(str::to_owned);
                (sheet.as_str(), all.collect())
            })
            .collect();
        let mut met = BTreeSet::new();
        for (sheet, text) in sheets.iter().filter(|(sheet, _)| !SHARED.contains(&sheet.as_str())) {
            for selector in selectors(text) {
                let first = selector.split([' ', '>', '+', '~']).next().unwrap_or_default();
                let is_shared = |class: &&str| SHARED.iter().any(|sheet| named[sheet].contains(*class));
                let leading: Vec<&str> = classes(first).collect();
                // `.table.events` is of the room that says so, `.table th` of all.
                let leading = match leading.as_slice() {
                    [_] => leading,
                    several => several.iter().copied().filter(|class| !is_shared(class)).collect(),
                };
                for class in leading {
                    let others = named.iter().filter(|(other, classes)| {
                        **other != sheet.as_str() && **other != "base.css" && classes.contains(class)
                    });
                    let is_in_base = named["base.css"].contains(class);
                    met.extend(
                        others
                            .filter(|_| !is_in_base)
                            .map(|(other, _)| format!("{class}: {sheet}, {other}")),
                    );
                }
            }
        }
        met.into_iter().collect()
    }

    #[test]
    fn classes_of_rooms_do_not_meet() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/css");
        let mut sheets = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            sheets.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
        assert_eq!(sheets.len(), super::SHEETS.len());
        let found = met(&sheets);
        assert!(
            found.is_empty(),
            "name them otherwise, put a class of the room before them, or move them to frame.css: {found:#?}"
        );
    }

    #[test]
    fn classes_that_meet_are_found() {
        let mut sheets: BTreeMap<String, String> = SHARED.map(|name| (name.to_owned(), String::new())).into();
        let mut add = |name: &str, text: &str| sheets.insert(name.to_owned(), text.to_owned());
        add("base.css", ".dot { color: red; }");
        add("frame.css", ".table th { color: red; }");
        add(
            "issues.css",
            "/* .more {} */ .state, .dot { a: b; } .issue .title { a: b; } .table.events td { a: b; }",
        );
        add(
            "alerts.css",
            "@media (max-width: 1rem) { .rule .state { a: b; c: d; } }\n.rule .title:not(.x, .y) { a: b; }\n.table td { a: b; }",
        );
        assert_eq!(
            met(&sheets),
            [
                "state: issues.css, alerts.css",
                "table: alerts.css, frame.css",
                "table: alerts.css, issues.css"
            ]
        );
    }
}
