//! Debug files as Sentry's API has them: `dif`, with one entry for each object in a file.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::AsyncReadExt as _;

use super::super::asked::time;
use super::super::{Answer, Failure};
use super::{PAGE, offset, page};
use crate::App;
use crate::access::{Scope, Who};
use crate::symbols::{Assembled, DebugFile, MAX_CHUNKS, Wanted, Which, is_sha1};

/// Files asked about in one request.
const MAX_FILES: usize = 2000;

/// The longest name that is kept, in characters.
const MAX_NAME_CHARS: usize = 255;

/// Bytes that are read of a file at a time.
const PIECE_BYTES: usize = 64 << 10;

/// What a client wants to be there.
#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    name: String,
    #[serde(default)]
    chunks: Vec<String>,
}

/// Says what became of debug files, and begins to put those together whose chunks are all there.
#[utoipa::path(post, path = "/api/0/projects/{org}/{project}/files/difs/assemble/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    request_body(content = Value, description = "By the SHA-1 of each file: `{\"name\": \"…\", \"chunks\": [SHA-1, …]}`"),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
pub(super) async fn assemble(
    who: Who,
    State(app): State<App>,
    Path((org, slug)): Path<(String, String)>,
    Json(asked): Json<Map<String, Value>>,
) -> Answer {
    let project_id = who.project(&app, &org, &slug, Scope::ProjectReleases).await?;
    let organization_id = who.organization(&app, &org, Scope::ProjectReleases).await?;
    if asked.len() > MAX_FILES {
        return Err(Failure::Wrong(format!(
            "At most {MAX_FILES} files can be asked about at once"
        )));
    }
    let mut answers = Map::new();
    for (sha1, asked) in asked {
        let asked: Asked = serde_json::from_value(asked).map_err(|error| Failure::wrong("file", &error.to_string()))?;
        if !is_sha1(&sha1) || asked.chunks.len() > MAX_CHUNKS || !asked.chunks.iter().all(|chunk| is_sha1(chunk)) {
            return Err(Failure::wrong("SHA-1 of a file or its chunks", &sha1));
        }
        let wanted = Wanted {
            organization_id,
            project_id,
            sha1: sha1.clone(),
            name: asked
                .name
                .chars()
                .filter(|char| !char.is_control())
                .take(MAX_NAME_CHARS)
                .collect(),
            chunks: asked.chunks,
        };
        let assembled = app.symbols.assemble(wanted).await?;
        answers.insert(sha1, answer(assembled));
    }
    Ok(Json(Value::Object(answers)))
}

fn answer(assembled: Assembled) -> Value {
    let none: [&str; 0] = [];
    match assembled {
        Assembled::Ok(objects) => {
            json!({ "state": "ok", "missingChunks": none, "detail": null, "dif": objects.first().map(dif) })
        }
        Assembled::NotFound(missing) => json!({ "state": "not_found", "missingChunks": missing, "detail": null }),
        Assembled::Created => json!({ "state": "created", "missingChunks": none, "detail": null }),
        Assembled::Assembling => json!({ "state": "assembling", "missingChunks": none, "detail": null }),
        Assembled::Error(words) => json!({ "state": "error", "missingChunks": none, "detail": words }),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct OfFiles {
    query: Option<String>,
    debug_id: Option<String>,
    code_id: Option<String>,
    cursor: Option<String>,
    id: Option<String>,
}

/// The debug files of a project, the newest first; with `id`, the bytes of one.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/files/dsyms/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("query" = Option<String>, Query, description = "Part of a name or id"),
        ("debug_id" = Option<String>, Query, description = "Only with this debug id"),
        ("code_id" = Option<String>, Query, description = "Only with this code id"),
        ("id" = Option<String>, Query, description = "Download this one"),
        ("cursor" = Option<String>, Query, description = "A page's cursor, from the header Link")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 404)))]
pub(super) async fn list(
    who: Who,
    State(app): State<App>,
    Path((org, slug)): Path<(String, String)>,
    Query(asked): Query<OfFiles>,
) -> Result<Response, Failure> {
    let project = who.project(&app, &org, &slug, Scope::ProjectRead).await?;
    if let Some(id) = &asked.id {
        // Whoever may send them may have them.
        who.project(&app, &org, &slug, Scope::ProjectReleases).await?;
        return download(&app, project, id).await;
    }
    let offset = offset(asked.cursor.as_deref())?;
    let non_empty = |text: &'_ Option<String>| text.clone().filter(|text| !text.is_empty());
    let (query, debug_id, code_id) = (
        non_empty(&asked.query),
        non_empty(&asked.debug_id),
        non_empty(&asked.code_id),
    );
    let which = Which {
        query: query.as_deref(),
        debug_id: debug_id.as_deref(),
        code_id: code_id.as_deref(),
    };
    let files = app.symbols.list(project, which, offset, PAGE).await?;
    let path = format!("/api/0/projects/{org}/{slug}/files/dsyms/");
    let encoded = |name: &str, text: &Option<String>| match text {
        Some(text) => {
            let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
            format!("{name}={text}&")
        }
        None => String::new(),
    };
    let kept = encoded("query", &query) + &encoded("debug_id", &debug_id) + &encoded("code_id", &code_id);
    Ok(page(&path, &kept, offset, files.iter().map(dif).collect()))
}

#[derive(Debug, Deserialize)]
pub(super) struct OfFile {
    id: String,
}

/// Removes a debug file, with all objects in it.
#[utoipa::path(delete, path = "/api/0/projects/{org}/{project}/files/dsyms/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("id" = String, Query, description = "The debug file")),
    responses((status = 204), (status = 401), (status = 404)))]
pub(super) async fn remove(
    who: Who,
    State(app): State<App>,
    Path((org, slug)): Path<(String, String)>,
    Query(asked): Query<OfFile>,
) -> Result<StatusCode, Failure> {
    let project = who.project(&app, &org, &slug, Scope::ProjectWrite).await?;
    let file = by_id(&app, project, &asked.id).await?;
    app.symbols.remove(&file).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn by_id(app: &App, project: i64, id: &str) -> Result<DebugFile, Failure> {
    let id: i64 = id.parse().map_err(|_| Failure::NotFound)?;
    app.symbols.by_id(project, id).await?.ok_or(Failure::NotFound)
}

/// The file, in pieces: it may be large.
async fn download(app: &App, project: i64, id: &str) -> Result<Response, Failure> {
    let file = by_id(app, project, id).await?;
    let local = app.symbols.fetch(&file).await?;
    let (local, kept) = local.into_parts();
    let reader = tokio::fs::File::from_std(local);
    let pieces = futures_util::stream::try_unfold((reader, kept), |(mut reader, kept)| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let count = reader.read(&mut piece).await?;
        piece.truncate(count);
        // The file in the folder goes with the last piece.
        Ok::<_, std::io::Error>((count > 0).then_some((piece, (reader, kept))))
    });
    let name: String = file
        .name
        .chars()
        .filter(|char| char.is_ascii_graphic() && *char != '"')
        .collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, file.size_bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(pieces.into_stream())).into_response())
}

/// A debug file as Sentry's API shows it.
fn dif(file: &DebugFile) -> Value {
    json!({
        "id": file.id.to_string(), "uuid": file.debug_id, "debugId": file.debug_id, "codeId": file.code_id,
        "cpuName": file.arch, "objectName": file.name, "symbolType": file.format,
        "headers": { "Content-Type": "application/octet-stream" },
        "size": file.size_bytes, "sha1": file.sha1, "dateCreated": time(file.created_at),
        "data": { "type": file.kind, "features": file.features().collect::<Vec<_>>() },
    })
}
