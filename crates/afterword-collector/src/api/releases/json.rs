//! Releases as JSON: Sentry's fields, and our `events`, `regressions` and `dateStarted`.

use serde_json::{Map, Value, json};

use crate::api::asked::time;
use crate::releases::Release;
use crate::releases::changes::{Commit, Deploy};
use crate::releases::summary::{Health, InProject, Summary, percent};

/// A release. `period`: what the series of release health is named by.
pub(super) fn release(release: &Release, summary: &Summary, period: &str) -> Value {
    let projects: Vec<Value> = summary.projects.iter().map(|one| project(one, period)).collect();
    let seen = |pick: fn(&InProject) -> Option<i64>| summary.projects.iter().filter_map(pick);
    let sum = |count: fn(&InProject) -> i64| summary.projects.iter().map(count).sum::<i64>();
    json!({
        "id": release.id,
        "version": release.version,
        "shortVersion": short(&release.version),
        "versionInfo": info(&release.version),
        "status": release.status,
        "ref": release.reference,
        "url": release.url,
        "dateCreated": time(release.created_at),
        "dateStarted": release.started_at.and_then(time),
        "dateReleased": release.released_at.and_then(time),
        "firstEvent": seen(|project| project.first_seen).min().and_then(time),
        "lastEvent": seen(|project| project.last_seen).max().and_then(time),
        "newGroups": sum(|project| project.new_issues),
        "regressions": sum(|project| project.regressions),
        "events": sum(|project| project.events),
        "commitCount": summary.commits,
        "deployCount": summary.deploys,
        "lastCommit": summary.last_commit.as_ref().map(commit),
        "lastDeploy": summary.last_deploy.as_ref().map(deploy),
        "authors": summary.authors.iter().map(author).collect::<Value>(),
        "owner": null,
        "data": {},
        "projects": projects,
    })
}

/// What Sentry tells of a release in short.
pub(super) fn meta(release: &Release, summary: &Summary, files_changed: i64) -> Value {
    json!({
        "version": release.version,
        "versionInfo": info(&release.version),
        "released": release.released_at.and_then(time),
        "newGroups": summary.projects.iter().map(|project| project.new_issues).sum::<i64>(),
        "commitCount": summary.commits,
        "commitFilesChanged": files_changed,
        "deployCount": summary.deploys,
        "releaseFileCount": 0,
        "isArtifactBundle": false,
        "projects": summary.projects.iter().map(|one| project(one, "")).collect::<Value>(),
    })
}

fn project(project: &InProject, period: &str) -> Value {
    let mut value = json!({
        "id": project.id,
        "slug": project.slug,
        "name": project.name,
        "platform": project.platform,
        "platforms": project.platform.as_slice(),
        "newGroups": project.new_issues,
        "regressions": project.regressions,
        "events": project.events,
        "hasHealthData": project.health.as_ref().is_some_and(|health| health.sessions.all > 0),
    });
    if let Some(figures) = &project.health {
        value["healthData"] = health(project, figures, period);
    }
    value
}

fn health(project: &InProject, health: &Health, period: &str) -> Value {
    let (sessions_adoption, users_adoption) = project.adoption();
    let (sessions, users) = (&health.sessions, &health.users);
    let series: Vec<Value> = health
        .series
        .iter()
        .map(|(at, count)| json!([at / 1000, count]))
        .collect();
    json!({
        "hasHealthData": sessions.all > 0,
        "adoption": users_adoption,
        "sessionsAdoption": sessions_adoption,
        "totalSessions": sessions.all,
        "sessionsCrashed": sessions.crashed,
        "sessionsErrored": sessions.errored,
        "sessionsAbnormal": sessions.abnormal,
        "totalUsers": users.all,
        "crashFreeSessions": percent(sessions.all - sessions.crashed, sessions.all),
        "crashFreeUsers": percent(users.all - users.crashed, users.all),
        "totalSessions24h": health.sessions_24h,
        "totalUsers24h": health.users_24h,
        "totalProjectSessions24h": health.project_sessions_24h,
        "totalProjectUsers24h": health.project_users_24h,
        "durationP50": null,
        "durationP90": null,
        "stats": Map::from_iter([(period.to_owned(), Value::Array(series))]),
    })
}

pub(super) fn commit(commit: &Commit) -> Value {
    json!({
        "id": commit.id,
        "message": commit.message,
        "dateCreated": commit.at.and_then(time),
        "author": author(&(commit.author_name.clone(), commit.author_email.clone())),
        "repository": commit.repository.as_ref().map(|name| json!({ "name": name })),
        "filesChanged": commit.files,
    })
}

pub(super) fn deploy(deploy: &Deploy) -> Value {
    json!({
        "id": deploy.id.to_string(),
        "environment": deploy.environment,
        "name": deploy.name,
        "url": deploy.url,
        "dateStarted": deploy.started_at.and_then(time),
        "dateFinished": time(deploy.finished_at),
    })
}

fn author((name, email): &(Option<String>, Option<String>)) -> Value {
    json!({ "name": name, "email": email })
}

/// `1.4.0` of `editor@1.4.0`, and twelve digits of a commit's id.
fn short(version: &str) -> &str {
    let own = parts(version).1;
    let is_hash = own.len() >= 32 && own.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { &own[..12] } else { own }
}

fn info(version: &str) -> Value {
    let (package, own) = parts(version);
    json!({
        "package": package,
        "version": { "raw": own },
        "description": short(version),
        "buildHash": own.split_once('+').map(|(_, build)| build),
    })
}

/// Package and version of `package@version`.
fn parts(version: &str) -> (Option<&str>, &str) {
    match version.split_once('@') {
        Some((package, own)) if !package.is_empty() && !own.is_empty() => (Some(package), own),
        _ => (None, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_short() {
        let cases = [
            ("editor@1.4.0+17", "1.4.0+17"),
            ("1.4.0", "1.4.0"),
            ("@1", "@1"),
            ("editor@", "editor@"),
            ("a5030fe0c9289f47d01286533feaeb95d985e644", "a5030fe0c928"),
            ("", ""),
        ];
        for (version, expected) in cases {
            assert_eq!(short(version), expected);
        }
        assert_eq!(info("editor@1.4.0+17")["buildHash"], "17");
        assert_eq!(info("editor@1.4.0+17")["package"], "editor");
    }
}
