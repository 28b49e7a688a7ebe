//! Reading what a request says of a release, strictly: a script that says something wrong is to know.

use serde_json::Value;

use crate::api::Failure;
use crate::event::parse_time;
use crate::releases::changes::{Commit, Deploy, Said};
use crate::releases::is_version;

/// The most commits of a request.
const MAX_COMMITS: usize = 1000;
/// The most projects of a request.
const MAX_PROJECTS: usize = 100;
const MAX_URL_CHARS: usize = 1000;
const MAX_NAME_CHARS: usize = 200;
const MAX_MESSAGE_CHARS: usize = 4096;

/// JSON with an object.
pub(super) fn object(body: &[u8]) -> Result<Value, Failure> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| Failure::Wrong(format!("The body is no JSON: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Failure::Wrong("The body is no object".to_owned()))
    }
}

/// The version of a release that is to be made.
pub(super) fn version(body: &Value) -> Result<String, Failure> {
    let version = text(body, "version", usize::MAX)?.unwrap_or_default();
    if is_version(&version) {
        Ok(version)
    } else {
        Err(Failure::wrong("version", &version))
    }
}

/// Everything but the version. `known`: the projects of the organisation.
pub(super) fn release(body: &Value, known: &[(i64, String)]) -> Result<Said, Failure> {
    let status = text(body, "status", MAX_NAME_CHARS)?;
    if let Some(status) = &status
        && !["open", "archived"].contains(&status.as_str())
    {
        return Err(Failure::wrong("status", status));
    }
    let head = body
        .get("refs")
        .and_then(|refs| text(refs.get(0)?, "commit", MAX_NAME_CHARS).transpose())
        .transpose()?;
    Ok(Said {
        projects: projects(body, known)?,
        status,
        reference: text(body, "ref", MAX_NAME_CHARS)?.or(head),
        url: url(body)?,
        started_at: moment(body, "dateStarted")?,
        released_at: moment(body, "dateReleased")?,
        commits: commits(body)?,
    })
}

/// A deploy of a release; what is not said was now.
pub(super) fn deploy(body: &Value, release_id: i64, now: i64) -> Result<Deploy, Failure> {
    let environment = text(body, "environment", 64)?.ok_or_else(|| Failure::wrong("environment", ""))?;
    if environment.contains(['/', '\n']) {
        return Err(Failure::wrong("environment", &environment));
    }
    Ok(Deploy {
        id: 0,
        release_id,
        environment,
        name: text(body, "name", MAX_NAME_CHARS)?,
        url: url(body)?,
        started_at: moment(body, "dateStarted")?,
        finished_at: moment(body, "dateFinished")?.unwrap_or(now),
    })
}

fn projects(body: &Value, known: &[(i64, String)]) -> Result<Vec<i64>, Failure> {
    let Some(projects) = list(body, "projects", MAX_PROJECTS)? else {
        return Ok(Vec::new());
    };
    let find = |project: &Value| {
        let asked = project.as_str().map_or_else(|| project.to_string(), str::to_owned);
        let found = known
            .iter()
            .find(|(id, slug)| *slug == asked || id.to_string() == asked);
        found
            .map(|(id, _)| *id)
            .ok_or_else(|| Failure::wrong("project", &asked))
    };
    projects.iter().map(find).collect()
}

fn commits(body: &Value) -> Result<Option<Vec<Commit>>, Failure> {
    let Some(commits) = list(body, "commits", MAX_COMMITS)? else {
        return Ok(None);
    };
    let read = |raw: &Value| {
        let id = text(raw, "id", 64)?.ok_or_else(|| Failure::wrong("commit without an id", ""))?;
        let files = raw.get("patch_set").and_then(Value::as_array).map_or(0, Vec::len);
        Ok(Commit {
            id,
            repository: text(raw, "repository", MAX_NAME_CHARS)?,
            author_name: text(raw, "author_name", MAX_NAME_CHARS)?,
            author_email: text(raw, "author_email", MAX_NAME_CHARS)?,
            message: raw
                .get("message")
                .and_then(Value::as_str)
                .map(|text| text.chars().take(MAX_MESSAGE_CHARS).collect()),
            files: i64::try_from(files).unwrap_or(i64::MAX),
            at: moment(raw, "timestamp")?,
        })
    };
    commits.iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn list<'b>(body: &'b Value, name: &str, most: usize) -> Result<Option<&'b [Value]>, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) if items.len() <= most => Ok(Some(items)),
        Some(Value::Array(_)) => Err(Failure::Wrong(format!("Invalid {name}: more than {most}"))),
        Some(_) => Err(Failure::Wrong(format!("Invalid {name}: no list"))),
    }
}

/// A text that is not empty; what is longer than that many characters is wrong.
fn text(body: &Value, name: &str, chars: usize) -> Result<Option<String>, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= chars => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(Failure::Wrong(format!(
            "Invalid {name}: longer than {chars} characters"
        ))),
        Some(_) => Err(Failure::Wrong(format!("Invalid {name}: no text"))),
    }
}

/// An address of the web: anything else could do something when it is followed.
fn url(body: &Value) -> Result<Option<String>, Failure> {
    let Some(text) = text(body, "url", MAX_URL_CHARS)? else {
        return Ok(None);
    };
    match url::Url::parse(&text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(Some(text)),
        _ => Err(Failure::wrong("url", &text)),
    }
}

fn moment(body: &Value, name: &str) -> Result<Option<i64>, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match parse_time(value) {
            Some(at) => Ok(Some(at)),
            None => Err(Failure::wrong(name, &value.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        let known = [(1, "editor".to_owned())];
        let wrong = [
            json!({"projects": ["other"]}),
            json!({"projects": "editor"}),
            json!({"url": "javascript:alert(1)"}),
            json!({"url": 7}),
            json!({"status": "gone"}),
            json!({"dateReleased": "soon"}),
            json!({"commits": [{}]}),
            json!({"commits": vec![json!({"id": "1"}); 1001]}),
            json!({"ref": "x".repeat(201)}),
        ];
        for body in wrong {
            assert!(release(&body, &known).is_err(), "{body}");
        }
        let said = release(
            &json!({"projects": ["editor", 1], "commits": [{"id": "a", "patch_set": [{}, {}]}], "dateReleased": null,
                "refs": [{"repository": "r", "commit": "abc"}]}),
            &known,
        )
        .unwrap();
        assert_eq!(said.projects, [1, 1]);
        assert_eq!((said.released_at, said.reference.as_deref()), (None, Some("abc")));
        assert_eq!(said.commits.unwrap()[0].files, 2);
        assert!(version(&json!({"version": "a\nb"})).is_err() && version(&json!({})).is_err());
        assert!(deploy(&json!({"environment": "a/b"}), 1, 0).is_err() && deploy(&json!({}), 1, 0).is_err());
        assert_eq!(
            deploy(&json!({"environment": "production"}), 1, 7).unwrap().finished_at,
            7
        );
    }
}
