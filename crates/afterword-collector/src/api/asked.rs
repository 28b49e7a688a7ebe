//! What a request for figures asks, read out of its query.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Failure;
use crate::event::parse_time;
use crate::performance::{DAY_MS, HOUR_MS};
use crate::queries::health::Filter;
use crate::{App, projects};

/// How far back figures go unless asked.
const DEFAULT_PERIOD: &str = "90d";
const MAX_PERIOD_MS: i64 = 10 * 366 * 86_400_000;
/// The most intervals of a series; the hours of 90 days, and some.
const MAX_INTERVALS: i64 = 2500;
/// The most names a request may list.
const MAX_NAMES: usize = 100;

/// The pairs of a query, in their order; names may repeat.
pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// All values of a name that are not empty.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(key, _)| key == name);
        values.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The first value of a name, though it may be empty.
    pub(super) fn given<'a>(&'a self, name: &str) -> Option<&'a str> {
        let given = self.0.iter().find(|(key, _)| key == name);
        given.map(|(_, value)| value.trim())
    }

    /// As a query again, without a name.
    pub(super) fn without(&self, name: &str) -> String {
        let pairs = self.0.iter().filter(|(key, _)| key != name);
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    }

    pub(super) fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Projects, environments, release and time.
    pub(super) async fn filter(&self, app: &App, org: &str, now: i64) -> Result<Filter, Failure> {
        self.filter_over(app, org, now, DEFAULT_PERIOD).await
    }

    /// The same over this time, unless another is asked.
    pub(super) async fn filter_over(
        &self,
        app: &App,
        org: &str,
        now: i64,
        default_period: &str,
    ) -> Result<Filter, Failure> {
        let organization = projects::organization(&app.database, org)
            .await?
            .ok_or(Failure::NotFound)?;
        let known = projects::of_organization(&app.database, organization).await?;
        let (start, end) = self.period_or(now, default_period)?;
        Ok(Filter {
            projects: self.projects(&known)?,
            environments: self.environments(),
            releases: self.release()?.into_iter().collect(),
            start,
            end,
        })
    }

    /// Those that are named; any if none is.
    pub(super) fn environments(&self) -> Vec<String> {
        self.all("environment").take(MAX_NAMES).map(str::to_owned).collect()
    }

    /// `interval`, in milliseconds: whole hours that divide a day.
    pub(super) fn interval(&self, default_ms: i64) -> Result<i64, Failure> {
        let Some(text) = self.one("interval") else {
            return Ok(default_ms);
        };
        let interval = period_ms(text).filter(|ms| ms % HOUR_MS == 0 && DAY_MS % ms == 0);
        interval.ok_or_else(|| Failure::wrong("interval (1h, 2h, 3h, 4h, 6h, 8h, 12h or 1d)", text))
    }

    /// By id or by name; all of the organisation unless asked, or for -1.
    pub(super) fn projects(&self, known: &[(i64, String)]) -> Result<Vec<i64>, Failure> {
        let asked: Vec<&str> = self.all("project").take(MAX_NAMES).collect();
        if asked.is_empty() || asked.contains(&"-1") {
            return Ok(known.iter().map(|(id, _)| *id).collect());
        }
        let find = |asked: &str| {
            let found = known.iter().find(|(id, slug)| slug == asked || id.to_string() == asked);
            found.map(|(id, _)| *id).ok_or_else(|| Failure::wrong("project", asked))
        };
        asked.into_iter().map(find).collect()
    }

    /// Of Sentry's searches the one for a release.
    fn release(&self) -> Result<Option<String>, Failure> {
        let Some(query) = self.one("query") else {
            return Ok(None);
        };
        let release = query.strip_prefix("release:").map(|release| release.trim_matches('"'));
        match release {
            Some(release) if !release.is_empty() && !release.contains([' ', '*']) => Ok(Some(release.to_owned())),
            _ => Err(Failure::wrong("query (only release:VERSION is known)", query)),
        }
    }

    /// `start` and `end`, if they are given; both included.
    pub(super) fn span(&self) -> Result<Option<(i64, i64)>, Failure> {
        if self.one("start").is_none() && self.one("end").is_none() {
            return Ok(None);
        }
        let at = |name| {
            let text = self.one(name).unwrap_or_default();
            parse_time(&text.into()).ok_or_else(|| Failure::wrong(name, text))
        };
        let (start, end) = (at("start")?, at("end")?);
        if start <= end {
            Ok(Some((start, end)))
        } else {
            Err(Failure::wrong("start after end", ""))
        }
    }

    /// `statsPeriod`, or `start` and `end`; both included.
    pub(super) fn period(&self, now: i64) -> Result<(i64, i64), Failure> {
        self.period_or(now, DEFAULT_PERIOD)
    }

    /// The same, of this length unless another is asked.
    pub(super) fn period_or(&self, now: i64, default: &str) -> Result<(i64, i64), Failure> {
        if let Some(span) = self.span()? {
            return Ok(span);
        }
        let text = self.one("statsPeriod").unwrap_or(default);
        let period = period_ms(text).ok_or_else(|| Failure::wrong("statsPeriod", text))?;
        Ok((now.saturating_sub(period), now))
    }
}

impl Filter {
    /// The same with a period of whole intervals: each that it touches.
    ///
    /// # Errors
    /// If there are more than [`MAX_INTERVALS`].
    pub(super) fn rounded(mut self, interval_ms: i64) -> Result<Self, Failure> {
        self.start -= self.start.rem_euclid(interval_ms);
        self.end += interval_ms - 1 - self.end.rem_euclid(interval_ms);
        if self.slots(interval_ms) > MAX_INTERVALS {
            return Err(Failure::Wrong(format!(
                "Invalid interval: the period has more than {MAX_INTERVALS} of them"
            )));
        }
        Ok(self)
    }
}

/// `14d`, `24h`, `90m`, `30s`, `2w`.
pub(super) fn period_ms(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_ms = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    let ms = i64::from(number) * unit_ms;
    (ms > 0 && ms <= MAX_PERIOD_MS).then_some(ms)
}

/// A moment in milliseconds since 1970 as RFC 3339.
pub(crate) fn time(at: i64) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok()?;
    moment.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &[(&str, &str)]) -> Asked {
        Asked::new(
            query
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn periods() {
        let cases = [
            ("14d", Some(1_209_600_000)),
            ("24h", Some(86_400_000)),
            ("30s", Some(30_000)),
            ("2w", Some(1_209_600_000)),
            ("", None),
            ("d", None),
            ("0d", None),
            ("-1d", None),
            ("1y", None),
            ("5é", None),
            ("99999999999d", None),
            ("4000000000d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(period_ms(text), expected, "{text}");
        }
        assert_eq!(
            asked(&[("statsPeriod", "1d")]).period(100_000_000).unwrap(),
            (13_600_000, 100_000_000)
        );
        let span = [("start", "2026-01-01T00:00:00"), ("end", "2026-01-02T00:00:00Z")];
        assert_eq!(asked(&span).period(0).unwrap(), (1_767_225_600_000, 1_767_312_000_000));
        for wrong in [
            &[span[0]][..],
            &[("start", "2"), ("end", "1")],
            &[("start", "x"), ("end", "1")],
        ] {
            assert!(asked(wrong).period(0).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn projects_by_id_and_by_name() {
        let known = [(7, "editor".to_owned()), (8, "viewer".to_owned())];
        let of = |values: &[&str]| {
            let pairs: Vec<(&str, &str)> = values.iter().map(|value| ("project", *value)).collect();
            asked(&pairs).projects(&known).ok()
        };
        assert_eq!(of(&[]), Some(vec![7, 8]));
        assert_eq!(of(&["-1"]), Some(vec![7, 8]));
        assert_eq!(of(&["8", "editor"]), Some(vec![8, 7]));
        assert_eq!(of(&["9"]), None);
    }

    #[test]
    fn one_search_is_known() {
        let release = |query| asked(&[("query", query)]).release().ok();
        assert_eq!(release("release:editor@1.4.0"), Some(Some("editor@1.4.0".to_owned())));
        assert_eq!(release("release:\"a\""), Some(Some("a".to_owned())));
        for wrong in ["release:", "release:a*", "release:a b", "user:1", "anything"] {
            assert_eq!(release(wrong), None, "{wrong}");
        }
    }
}
