//! Pages of lists: `cursor` and `limit` of a request, and the `Link` header that leads on.
//!
//! Both links are always given, as Sentry does; `results` says whether there is anything. For cursors see
//! [`crate::search::cursor`].

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Failure;
use super::asked::Asked;
use crate::App;
use crate::search::cursor::{self, Way};
use crate::search::walk::{Page, Walked};

/// The most of a list that one answer holds, and how many unless asked.
pub(super) const MAX_LIMIT: usize = 100;

/// The page that a request asks for.
pub(super) fn page(asked: &Asked) -> Result<Page, Failure> {
    let number = |name: &'static str| match asked.one(name) {
        Some(text) => text.parse().map(Some).map_err(|_| Failure::wrong(name, text)),
        None => Ok(None),
    };
    let limit = number("limit")?.or(number("per_page")?).unwrap_or(MAX_LIMIT);
    let (from, back) = match asked.one("cursor") {
        Some(text) => cursor::read(text).ok_or_else(|| Failure::wrong("cursor", text))?,
        None => (None, false),
    };
    Ok(Page {
        from,
        back,
        limit: limit.clamp(1, MAX_LIMIT),
    })
}

/// A list with its links.
pub(super) fn answer(app: &App, uri: &Uri, asked: &Asked, page: Page, walked: &Walked, list: Vec<Value>) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(link) = link(&app.url, uri.path(), asked, page, walked) {
        headers.insert(header::LINK, link);
    }
    (headers, Json(Value::Array(list))).into_response()
}

/// How many there are, as far as they were counted.
pub(super) fn add_hits(response: &mut Response, hits: i64, most: i64) {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-hits"), HeaderValue::from(hits));
    headers.insert(HeaderName::from_static("x-max-hits"), HeaderValue::from(most));
}

fn link(url: &str, path: &str, asked: &Asked, page: Page, walked: &Walked) -> Option<HeaderValue> {
    let (before, behind) = cursor::ways(page, walked);
    let rest = asked.without("cursor");
    let one = |name: &str, way: &Way| {
        let Way { cursor, leads } = way;
        format!("<{url}{path}?{rest}&cursor={cursor}>; rel=\"{name}\"; results=\"{leads}\"; cursor=\"{cursor}\"")
    };
    let text = format!("{}, {}", one("previous", &before), one("next", &behind));
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::walk::Place;

    const fn place(value: i64, id: i64) -> Place {
        Place { value, id }
    }

    fn asked(pairs: &[(&str, &str)]) -> Asked {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Asked::new(pairs.iter().map(owned).collect())
    }

    #[test]
    fn what_a_request_asks_for() {
        let read = |pairs: &[(&str, &str)]| page(&asked(pairs)).ok();
        assert_eq!(
            read(&[]),
            Some(Page {
                from: None,
                back: false,
                limit: 100
            })
        );
        assert_eq!(
            read(&[("limit", "7"), ("cursor", "5:6:1")]),
            Some(Page {
                from: Some(place(5, 6)),
                back: true,
                limit: 7
            })
        );
        assert_eq!(read(&[("limit", "5000"), ("cursor", "0:0:0")]), read(&[]));
        assert_eq!(read(&[("limit", "0")]).map(|page| page.limit), Some(1));
        for wrong in [
            "x",
            "1",
            "1:2",
            "1:2:2",
            "1:2:0:0",
            "::",
            "1:2:",
            "99999999999999999999:1:0",
        ] {
            assert_eq!(read(&[("cursor", wrong)]), None, "{wrong}");
        }
        assert_eq!(read(&[("limit", "-1")]), None);
    }

    #[test]
    fn links_lead_both_ways_and_keep_the_question() {
        let asked = asked(&[("query", "a \"b\"; <c>"), ("cursor", "9:9:0"), ("limit", "2")]);
        let of = |page, walked: &Walked| {
            let link = link("http://here", "/api/0/x/", &asked, page, walked).unwrap();
            link.to_str().unwrap().to_owned()
        };
        let page = Page {
            from: Some(place(9, 9)),
            back: false,
            limit: 2,
        };
        let walked = Walked {
            places: vec![place(8, 1), place(7, 1)],
            more: Some(place(7, 1)),
        };
        assert_eq!(
            of(page, &walked),
            "<http://here/api/0/x/?query=a+%22b%22%3B+%3Cc%3E&limit=2&cursor=8:1:1>; rel=\"previous\"; results=\"true\"; cursor=\"8:1:1\", \
             <http://here/api/0/x/?query=a+%22b%22%3B+%3Cc%3E&limit=2&cursor=7:1:0>; rel=\"next\"; results=\"true\"; cursor=\"7:1:0\""
        );
        let first = Page { from: None, ..page };
        let link = of(
            first,
            &Walked {
                more: None,
                ..walked.clone()
            },
        );
        assert!(
            link.contains("rel=\"previous\"; results=\"false\"; cursor=\"8:1:1\""),
            "{link}"
        );
        assert!(
            link.contains("rel=\"next\"; results=\"false\"; cursor=\"7:1:0\""),
            "{link}"
        );
        let back = Page { back: true, ..page };
        let link = of(back, &Walked::default());
        assert!(
            link.contains("rel=\"previous\"; results=\"false\"; cursor=\"9:9:1\""),
            "{link}"
        );
        assert!(
            link.contains("rel=\"next\"; results=\"true\"; cursor=\"9:10:0\""),
            "the place itself: {link}"
        );
        let link = of(first, &Walked::default());
        assert!(
            link.contains("cursor=\"0:0:1\"") && link.contains("cursor=\"0:0:0\""),
            "{link}"
        );
    }
}
