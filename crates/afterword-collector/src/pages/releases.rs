//! Releases: how they fare, what they brought, and two of them side by side.
//!
//! | path | page |
//! | --- | --- |
//! | `/releases/` | releases, the newest first |
//! | `/releases/{organisation}/{version}/` | a release |
//! | `/compare/{organisation}/?a=VERSION&b=VERSION` | two releases; not beneath the first, where a release may be named so |

mod compare;
mod fares;
mod lines;
mod list;
mod one;

use axum::Router;
use axum::routing::get;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Failure;
use super::frame::Frame;
use crate::App;
use crate::projects::Project;
use crate::releases::summary::{self, Summary};
use crate::releases::{self, Release};

/// What stays as it is in a part of a path.
const PART: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/releases/", get(list::page))
        .route("/compare/{organization}/", get(compare::page))
        .route("/releases/{organization}/{version}/", get(one::page))
}

/// The page of a release.
pub(super) fn url(organization: &str, version: &str) -> String {
    let part = |text| utf8_percent_encode(text, &PART);
    format!("/releases/{}/{}/", part(organization), part(version))
}

/// The page where two are compared.
fn choose_url(organization: &str) -> String {
    format!("/compare/{}/", utf8_percent_encode(organization, &PART))
}

/// The page that compares two.
fn compare_url(organization: &str, a: &str, b: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("a", a)
        .append_pair("b", b)
        .finish();
    format!("{}?{query}", choose_url(organization))
}

/// An organisation as far as it is seen.
struct Place {
    organization_id: i64,
    slug: String,
    /// The projects that the page is about: the chosen one, or all that are seen.
    projects: Vec<i64>,
}

impl Place {
    fn of(frame: &Frame, slug: &str) -> Result<Self, Failure> {
        let is_of_it = |project: &&Project| project.organization_slug == slug;
        let seen: Vec<&Project> = frame.projects.iter().filter(is_of_it).collect();
        let first = seen.first().ok_or(Failure::NotFound)?;
        let projects = match &frame.chosen {
            Some(chosen) => vec![
                seen.iter()
                    .find(|project| project.id == chosen.id)
                    .ok_or(Failure::NotFound)?
                    .id,
            ],
            None => seen.iter().map(|project| project.id).collect(),
        };
        Ok(Self {
            organization_id: first.organization_id,
            slug: slug.to_owned(),
            projects,
        })
    }

    /// A release of a project that is seen, with what is known of it there.
    async fn release(&self, app: &App, version: &str) -> Result<(Release, Summary), Failure> {
        let release = releases::find(&app.database, self.organization_id, version, None).await?;
        let release = release.ok_or(Failure::NotFound)?;
        let mut summaries = summary::of(&app.database, std::slice::from_ref(&release), &self.projects).await?;
        let summary = summaries.remove(&release.id).unwrap_or_default();
        if summary.projects.is_empty() {
            return Err(Failure::NotFound);
        }
        Ok((release, summary))
    }
}

/// `1.4.0+17` and `editor` of `editor@1.4.0+17`.
fn parts(version: &str) -> (&str, Option<&str>) {
    match version.split_once('@') {
        Some((package, own)) if !package.is_empty() && !own.is_empty() => (own, Some(package)),
        _ => (version, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_part_of_a_path() {
        assert_eq!(url("acme", "editor@1.4.0+17"), "/releases/acme/editor@1.4.0%2B17/");
        assert_eq!(url("acme", "a/b c?\"<"), "/releases/acme/a%2Fb%20c%3F%22%3C/");
        assert_eq!(parts("editor@1.4"), ("1.4", Some("editor")));
        assert_eq!(parts("@1.4"), ("@1.4", None));
    }
}
