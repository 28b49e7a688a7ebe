//! Pages of a list: which one is asked, and where the others are.

use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::App;
use crate::api::Failure;
use crate::api::asked::Asked;

/// The most of a list that one page holds, and how many unless asked.
const MOST: i64 = 100;
/// Nobody turns so many pages.
const MAX_OFFSET: i64 = 1_000_000;

/// A page: so many, from there on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) struct Page {
    pub(in crate::api) offset: i64,
    pub(in crate::api) most: i64,
}

impl Page {
    /// `per_page`, and `cursor` as an answer before it told.
    pub(in crate::api) fn asked(asked: &Asked) -> Result<Self, Failure> {
        let most = asked.one("per_page").map_or(Ok(MOST), |text| {
            let most = text.parse().ok().filter(|most| (1..=MOST).contains(most));
            most.ok_or_else(|| Failure::wrong("per_page", text))
        })?;
        let offset = asked.one("cursor").map_or(Ok(0), |text| {
            let offset = text.split(':').nth(1).and_then(|offset| offset.parse().ok());
            offset
                .filter(|offset| (0..=MAX_OFFSET).contains(offset))
                .ok_or_else(|| Failure::wrong("cursor", text))
        })?;
        Ok(Self { offset, most })
    }

    /// One more than the page holds, to know whether there is another.
    pub(in crate::api) fn and_one(self) -> i64 {
        self.most + 1
    }

    /// Of as many as [`Self::and_one`] those of the page, and whether there are more.
    pub(in crate::api) fn cut<T>(self, mut found: Vec<T>) -> (Vec<T>, bool) {
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        (found, more)
    }

    /// Of a list that is known as a whole those of the page, and whether there are more.
    pub(in crate::api) fn of<T>(self, all: Vec<T>) -> (Vec<T>, bool) {
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let most = usize::try_from(self.and_one()).unwrap_or(usize::MAX);
        self.cut(all.into_iter().skip(offset).take(most).collect())
    }

    /// The answer with the links to the pages before and behind.
    pub(in crate::api) fn answer(self, app: &App, uri: &Uri, body: Value, more: bool) -> Response {
        let link = |relation: &str, offset: i64, results: bool, previous: u8| {
            let cursor = format!("0:{offset}:{previous}");
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
            query.extend_pairs(pairs.filter(|(name, _)| name != "cursor"));
            query.append_pair("cursor", &cursor);
            format!(
                "<{}{}?{}>; rel=\"{relation}\"; results=\"{results}\"; cursor=\"{cursor}\"",
                app.url,
                uri.path(),
                query.finish()
            )
        };
        let before = (self.offset - self.most).max(0);
        let links = [
            link("previous", before, self.offset > 0, 1),
            link("next", self.offset + self.most, more, 0),
        ];
        let mut response = Json(body).into_response();
        match HeaderValue::from_str(&links.join(", ")) {
            Ok(links) => {
                response.headers_mut().insert(header::LINK, links);
            }
            Err(error) => tracing::error!(%error, "a link to a page is no header"),
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded() {
        let page = |query: &[(&str, &str)]| {
            let pairs = query
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Page::asked(&Asked::new(pairs.collect()))
                .ok()
                .map(|page| (page.offset, page.most))
        };
        assert_eq!(page(&[]), Some((0, 100)));
        assert_eq!(page(&[("cursor", "0:200:0"), ("per_page", "7")]), Some((200, 7)));
        for wrong in [
            ("cursor", "x"),
            ("cursor", "0:-1:0"),
            ("cursor", "0:99999999:0"),
            ("per_page", "0"),
            ("per_page", "101"),
        ] {
            assert_eq!(page(&[wrong]), None, "{wrong:?}");
        }
        assert_eq!(Page { offset: 0, most: 2 }.cut(vec![1, 2, 3]), (vec![1, 2], true));
    }
}
