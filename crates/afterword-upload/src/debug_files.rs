//! Debug files to a server, by the API of Sentry's: the server says what it is missing, and gets that, piece by piece.
//!
//! A file is named by its SHA-1, and so are its chunks. What a server has it is not sent again, so an upload that was broken
//! off goes on where it was, and one that is repeated sends nothing.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::Options;
use crate::transport::Clients;

/// Chunks larger than this are asked for by no server.
const MAX_CHUNK_BYTES: u64 = 64 << 20;

/// The most that is read of an answer: what is missing of a large file is a long list.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// The most that is repeated of a server's words, in characters.
const MAX_WORDS_CHARS: usize = 500;

/// Before the first try more; before each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Where debug files go.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The server, `https://crashes.example`.
    pub url: String,
    /// The organisation's name in paths.
    pub organization: String,
    /// The project's.
    pub project: String,
    /// A token that may upload: `project:releases`.
    pub token: String,
}

/// What a server takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Bytes of a chunk; the last one of a file may be smaller.
    pub chunk_bytes: usize,
    /// Chunks of a request.
    pub chunks: usize,
    /// Bytes of a request.
    pub request_bytes: usize,
    /// Bytes of a file.
    pub file_bytes: u64,
    url: String,
    gzip: bool,
}

/// A file, by its SHA-1 and those of its chunks, in hexadecimal.
#[derive(Clone, Debug)]
pub struct FileChunks {
    /// Of the whole file.
    pub sha1: String,
    /// What the file is called.
    pub name: String,
    /// Of its pieces, in their order.
    pub chunks: Vec<String>,
}

/// What a server says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assembled {
    /// It is there.
    Ok,
    /// These chunks of it are missing.
    Missing(Vec<String>),
    /// All of it is there, and is being put together.
    Working,
    /// It does not want it, for this reason.
    Refused(String),
}

/// Why the server has it not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebugFilesError {
    /// The address is none.
    #[error("{url:?} is no address of a server: write it as https://HOST")]
    Url {
        /// As it was given.
        url: String,
    },
    /// There was no answer.
    #[error("the server cannot be reached: {words}")]
    Network {
        /// Why, in words.
        words: String,
    },
    /// The server does not want it.
    #[error("the server answered {status}: {words}")]
    Refused {
        /// The status.
        status: u16,
        /// Its words.
        words: String,
    },
    /// What answered is no server of this kind.
    #[error("what answered is no server that takes debug files: {what}")]
    Answer {
        /// What is wrong with the answer.
        what: &'static str,
    },
    /// The runtime could not be started.
    #[error("cannot start a runtime")]
    Runtime(#[source] std::io::Error),
}

/// The way to a server. Connections are kept as long as it lives; each call waits for its answer.
pub struct DebugFiles<'a> {
    options: &'a Options,
    destination: Destination,
    base: Url,
    runtime: tokio::runtime::Runtime,
    clients: Clients<'a>,
}

impl<'a> DebugFiles<'a> {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// If the address is none.
    pub fn new(options: &'a Options, destination: Destination) -> Result<DebugFiles<'a>, DebugFilesError> {
        let wrong = || DebugFilesError::Url {
            url: destination.url.clone(),
        };
        let mut base = Url::parse(&destination.url).map_err(|_| wrong())?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(wrong());
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(DebugFiles {
            options,
            base,
            destination,
            runtime: runtime.map_err(DebugFilesError::Runtime)?,
            clients: Clients::new(options),
        })
    }

    /// What the server takes.
    ///
    /// # Errors
    /// If it cannot be reached or does not answer as it should.
    pub fn limits(&mut self) -> Result<ChunkLimits, DebugFilesError> {
        let url = self.url(&["organizations", &self.destination.organization.clone(), "chunk-upload"])?;
        let answer = self.ask(Method::GET, url, "application/json", Vec::new())?;
        let number = |name: &str| answer[name].as_u64().filter(|number| *number > 0);
        let missing = DebugFilesError::Answer {
            what: "it does not say how large a chunk is",
        };
        let Some(chunk_bytes) = number("chunkSize").filter(|bytes| *bytes <= MAX_CHUNK_BYTES) else {
            return Err(missing);
        };
        if answer["hashAlgorithm"].as_str().is_some_and(|name| name != "sha1") {
            return Err(DebugFilesError::Answer {
                what: "it does not know SHA-1",
            });
        }
        let usize_of = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let compression = answer["compression"].as_array();
        Ok(ChunkLimits {
            chunk_bytes: usize_of(chunk_bytes),
            chunks: usize_of(number("chunksPerRequest").unwrap_or(1)),
            request_bytes: usize_of(number("maxRequestSize").unwrap_or(chunk_bytes)),
            file_bytes: number("maxFileSize").unwrap_or(u64::MAX),
            url: answer["url"].as_str().unwrap_or_default().to_owned(),
            gzip: compression.is_some_and(|names| names.iter().any(|name| name == "gzip")),
        })
    }

    /// What the server says of these files; it begins to put those together that are complete.
    ///
    /// # Errors
    /// If it cannot be reached or does not answer as it should.
    pub fn assemble(&mut self, files: &[FileChunks]) -> Result<Vec<Assembled>, DebugFilesError> {
        let destination = self.destination.clone();
        let url = self.url(&[
            "projects",
            &destination.organization,
            &destination.project,
            "files",
            "difs",
            "assemble",
        ])?;
        let asked: serde_json::Map<String, Value> = files
            .iter()
            .map(|file| (file.sha1.clone(), json!({ "name": file.name, "chunks": file.chunks })))
            .collect();
        let answer = self.ask(
            Method::POST,
            url,
            "application/json",
            Value::Object(asked).to_string().into_bytes(),
        )?;
        files.iter().map(|file| assembled(&answer[&file.sha1])).collect()
    }

    /// Sends chunks, each with its SHA-1; so many and so large together as the limits say.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses them.
    pub fn send(&mut self, limits: &ChunkLimits, chunks: &[(&str, &[u8])]) -> Result<(), DebugFilesError> {
        let url = match Url::parse(&limits.url) {
            Ok(url) => url,
            Err(_) => {
                let relative = limits.url.trim_start_matches('/');
                self.base.join(relative).map_err(|_| DebugFilesError::Answer {
                    what: "it does not say where chunks go",
                })?
            }
        };
        // The token goes to the server that was named, and to nobody else.
        if url.origin() != self.base.origin() {
            return Err(DebugFilesError::Answer {
                what: "it wants chunks sent to another server",
            });
        }
        let (boundary, body) = multipart(chunks, limits.gzip);
        let kind = format!("multipart/form-data; boundary={boundary}");
        self.ask(Method::POST, url, &kind, body).map(|_| ())
    }

    fn url(&self, parts: &[&str]) -> Result<Url, DebugFilesError> {
        let mut url = self.base.clone();
        let mut segments = url.path_segments_mut().map_err(|()| DebugFilesError::Url {
            url: self.destination.url.clone(),
        })?;
        segments.pop_if_empty().extend(["api", "0"]).extend(parts).push("");
        drop(segments);
        Ok(url)
    }

    /// A request, tried again where the network fails or the server says that it is its own fault.
    fn ask(&mut self, method: Method, url: Url, kind: &str, body: Vec<u8>) -> Result<Value, DebugFilesError> {
        let client = self
            .clients
            .for_server(&url)
            .map_err(|words| DebugFilesError::Network { words })?;
        let (token, options) = (self.destination.token.clone(), self.options);
        let body = bytes::Bytes::from(body);
        let mut pause = FIRST_PAUSE;
        let mut tries_left = options.retries;
        loop {
            let request = client
                .request(method.clone(), url.clone())
                .bearer_auth(&token)
                .header(CONTENT_TYPE, kind)
                .timeout(options.total_timeout)
                .body(body.clone());
            let outcome = self.runtime.block_on(async {
                let response = request.send().await.map_err(|error| DebugFilesError::Network {
                    words: crate::transport::words(error),
                })?;
                let status = response.status().as_u16();
                let body = crate::transport::bounded_body(response, MAX_ANSWER_BYTES).await;
                Ok((status, body.unwrap_or_default()))
            });
            let retry = match &outcome {
                Ok((status, _)) => *status >= 500 || *status == 429,
                Err(_) => true,
            };
            if retry && tries_left > 0 {
                tries_left -= 1;
                std::thread::sleep(pause);
                pause *= 2;
                continue;
            }
            let (status, body) = outcome?;
            return match status {
                200..=299 => Ok(serde_json::from_slice(&body).unwrap_or(Value::Null)),
                status => Err(DebugFilesError::Refused {
                    status,
                    words: words_of(&body),
                }),
            };
        }
    }
}

fn assembled(answer: &Value) -> Result<Assembled, DebugFilesError> {
    let words = || answer["detail"].as_str().unwrap_or("it gave no reason").to_owned();
    match answer["state"].as_str() {
        Some("ok") => Ok(Assembled::Ok),
        Some("created" | "assembling") => Ok(Assembled::Working),
        Some("error") => Ok(Assembled::Refused(words())),
        Some("not_found") => {
            let missing = answer["missingChunks"].as_array().into_iter().flatten();
            Ok(Assembled::Missing(
                missing.filter_map(|chunk| chunk.as_str().map(str::to_owned)).collect(),
            ))
        }
        _ => Err(DebugFilesError::Answer {
            what: "it does not say what became of a file",
        }),
    }
}

/// The boundary, and the parts: named by the SHA-1 of what is in them before it was packed.
fn multipart(chunks: &[(&str, &[u8])], gzip: bool) -> (String, Vec<u8>) {
    let boundary = format!("afterword-{}", uuid::Uuid::new_v4().simple());
    let mut body = Vec::new();
    for (sha1, chunk) in chunks {
        let name = if gzip { "file_gzip" } else { "file" };
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{sha1}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        if gzip {
            let mut packed = GzEncoder::new(&mut body, Compression::fast());
            // Writing to memory does not fail.
            let _ = packed.write_all(chunk).and_then(|()| packed.try_finish());
        } else {
            body.extend_from_slice(chunk);
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (boundary, body)
}

/// What a refusal says: the `detail` of JSON, else its text.
fn words_of(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let detail = json.as_ref().and_then(|json| json["detail"].as_str());
    let text = detail.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    let text: String = text.trim().chars().take(MAX_WORDS_CHARS).collect();
    if text.is_empty() {
        "it gave no reason".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(url: &str) -> Destination {
        Destination {
            url: url.to_owned(),
            organization: "a c/me".to_owned(),
            project: "editor".to_owned(),
            token: "t".to_owned(),
        }
    }

    #[test]
    fn paths_are_below_the_servers() {
        let options = Options::default();
        for (url, path) in [
            ("https://crashes.example", "/api/0/projects/a%20c%2Fme/x/"),
            (
                "https://crashes.example/sentry/",
                "/sentry/api/0/projects/a%20c%2Fme/x/",
            ),
        ] {
            let files = DebugFiles::new(&options, destination(url)).unwrap();
            assert_eq!(files.url(&["projects", "a c/me", "x"]).unwrap().path(), path);
        }
        for bad in ["crashes.example", "ftp://x", ""] {
            assert!(DebugFiles::new(&options, destination(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_sent_to_no_other_server() {
        let options = Options::default();
        let mut files = DebugFiles::new(&options, destination("https://crashes.example")).unwrap();
        let limits = ChunkLimits {
            chunk_bytes: 1,
            chunks: 1,
            request_bytes: 1,
            file_bytes: 1,
            url: "https://elsewhere.example/".to_owned(),
            gzip: true,
        };
        let error = files.send(&limits, &[]).unwrap_err();
        assert!(error.to_string().contains("another server"), "{error}");
    }

    #[test]
    fn parts_are_named_by_their_chunk() {
        let (boundary, body) = multipart(&[("aa", b"one"), ("bb", b"two")], false);
        let text = String::from_utf8(body).unwrap();
        assert_eq!(text.matches(&boundary).count(), 3);
        assert!(
            text.contains("filename=\"aa\"\r\n") && text.contains("\r\n\r\none\r\n--"),
            "{text}"
        );
        assert!(text.ends_with("--\r\n"));
    }

    #[test]
    fn an_answer_that_is_none_is_told() {
        assert_eq!(assembled(&json!({"state": "created"})).unwrap(), Assembled::Working);
        assert_eq!(
            assembled(&json!({"state": "error", "detail": "no"})).unwrap(),
            Assembled::Refused("no".to_owned())
        );
        assert!(assembled(&json!("hello")).is_err());
        assert_eq!(words_of(b"{\"detail\":\"no such project\"}"), "no such project");
        assert_eq!(words_of(b""), "it gave no reason");
    }
}
