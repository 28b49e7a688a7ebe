//! Taking chunks: a multipart body, each part named by the SHA-1 of the chunk before it was packed.
//!
//! Read part by part: at most one chunk of each request is in memory, and so many requests at a time.

use std::io::Read as _;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::json;
use tokio::sync::Semaphore;

use super::super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::symbols::{MAX_CHUNK_BYTES, MAX_FILE_BYTES, is_sha1, sha1_hex};
use crate::{App, blocking};

/// What clients are told of a request's bounds.
const MAX_REQUEST_BYTES: u64 = 32 << 20;
const CHUNKS_PER_REQUEST: usize = 64;
const CONCURRENCY: usize = 8;

/// What a part's head and a chunk that gzip makes larger may take besides.
const SLACK_BYTES: u64 = 1 << 20;

/// Requests that are read at a time; others wait.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// How to send debug files.
#[utoipa::path(get, path = "/api/0/organizations/{org}/chunk-upload/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = serde_json::Value), (status = 401), (status = 404)))]
pub(super) async fn how(who: Who, State(app): State<App>, Path(org): Path<String>) -> Answer {
    let _organization = who.organization(&app, &org, Scope::ProjectReleases).await?;
    Ok(Json(json!({
        "url": format!("/api/0/organizations/{org}/chunk-upload/"),
        "chunkSize": MAX_CHUNK_BYTES, "chunksPerRequest": CHUNKS_PER_REQUEST,
        "maxFileSize": MAX_FILE_BYTES, "maxRequestSize": MAX_REQUEST_BYTES,
        "concurrency": CONCURRENCY, "hashAlgorithm": "sha1", "compression": ["gzip"],
        "accept": ["debug_files", "pdbs", "sources"],
    })))
}

/// Keeps chunks of debug files, for a day.
#[utoipa::path(post, path = "/api/0/organizations/{org}/chunk-upload/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation")),
    request_body(content = Vec<u8>, content_type = "multipart/form-data",
        description = "Parts `file` or `file_gzip`, whose file names are the SHA-1 of the chunks before they were packed"),
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 413)))]
pub(super) async fn upload(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let organization_id = who.organization(&app, &org, Scope::ProjectReleases).await?;
    let (parts, body) = request.into_parts();
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let boundary = kind.and_then(|kind| multer::parse_boundary(kind).ok());
    let boundary = boundary.ok_or_else(|| Failure::Wrong("Send chunks as multipart/form-data".to_owned()))?;
    // Closed never.
    let _permit = AT_ONCE.acquire().await;
    let part_bytes = MAX_CHUNK_BYTES as u64 + SLACK_BYTES;
    let limits = SizeLimit::new()
        .whole_stream(MAX_REQUEST_BYTES + SLACK_BYTES)
        .per_field(part_bytes);
    let constraints = Constraints::new().size_limit(limits);
    let mut multipart = Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
    let mut taken = 0;
    while let Some(part) = multipart.next_field().await.map_err(wrong)? {
        let packed = match part.name() {
            Some("file") => false,
            Some("file_gzip") => true,
            _ => continue,
        };
        taken += 1;
        if taken > CHUNKS_PER_REQUEST {
            return Err(Failure::Wrong(format!(
                "A request has at most {CHUNKS_PER_REQUEST} chunks"
            )));
        }
        let name = part.file_name().unwrap_or_default().to_owned();
        if !is_sha1(&name) {
            return Err(Failure::wrong("name of a chunk, which is its SHA-1", &name));
        }
        let bytes = part.bytes().await.map_err(wrong)?;
        let chunk = blocking(move || Ok(checked(bytes, packed, &name))).await?;
        app.symbols
            .put_chunk(organization_id, chunk.map_err(Failure::Wrong)?)
            .await?;
    }
    Ok(StatusCode::OK.into_response())
}

/// The chunk, unpacked, if it is what its name says.
fn checked(bytes: Bytes, packed: bool, name: &str) -> Result<Bytes, String> {
    let chunk = if packed {
        let mut chunk = Vec::new();
        flate2::read::GzDecoder::new(&*bytes)
            .take(MAX_CHUNK_BYTES as u64 + 1)
            .read_to_end(&mut chunk)
            .map_err(|error| format!("The chunk {name} cannot be unpacked: {error}"))?;
        Bytes::from(chunk)
    } else {
        bytes
    };
    if chunk.len() > MAX_CHUNK_BYTES {
        return Err(format!("The chunk {name} is larger than {MAX_CHUNK_BYTES} bytes"));
    }
    let found = sha1_hex(&chunk);
    if found == name {
        Ok(chunk)
    } else {
        Err(format!("The chunk {name} has the SHA-1 {found}: send it again"))
    }
}

fn wrong(error: multer::Error) -> Failure {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Failure::TooLarge(error.to_string())
        }
        error => Failure::Wrong(format!("The body is malformed: {error}")),
    }
}
