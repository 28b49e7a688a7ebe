//! From the bytes of an envelope to what will be written of it: all that computes, and the files. No transaction is open
//! meanwhile that others wait for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use afterword_protocol::{Envelope, Limits};
use bytes::Bytes;

use super::items::{AttachmentMeta, Contents};
use super::{Digest, Failure, words_of};
use crate::grouping::InApp;
use crate::inbox::Claimed;
use crate::pepper::Pepper;
use crate::{Error, blocking};

/// An envelope that can be written.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) claimed: Claimed,
    pub(super) contents: Contents,
    /// Its files, which are blobs by now, with their SHA-256.
    pub(super) files: Vec<(AttachmentMeta, String)>,
}

impl Digest {
    /// Reads envelopes and puts their files into blobs. Those of which nothing can be made come back with the reason.
    pub(super) async fn prepare(
        &self,
        envelopes: Vec<Claimed>,
    ) -> Result<(Vec<Prepared>, Vec<(Claimed, Failure)>), Error> {
        let mut with_bytes = Vec::with_capacity(envelopes.len());
        let mut failed = Vec::new();
        for claimed in envelopes {
            match self.inbox.bytes(&claimed).await {
                Ok(bytes) => with_bytes.push((claimed, bytes)),
                Err(error) if error.is_of_storage() => return Err(error),
                Err(error) => failed.push((claimed, Failure::Storage(error))),
            }
        }
        let projects = with_bytes.iter().map(|(claimed, _)| claimed.project_id);
        let rules = self.caches.in_app.of(&self.database, projects).await?;
        let pepper = self.pepper.clone();
        let read = blocking(move || {
            let none = InApp::default();
            let read = with_bytes.into_iter().map(|(claimed, bytes)| {
                let rules = rules.get(&claimed.project_id).map_or(&none, |rules| &**rules);
                let contents = read_one(&bytes, &claimed, &pepper, rules);
                (claimed, contents)
            });
            Ok(read.collect::<Vec<_>>())
        })
        .await?;
        let mut prepared = Vec::with_capacity(read.len());
        for (claimed, contents) in read {
            match contents {
                Ok(mut contents) => {
                    if let Err(failure) = self.read_minidump(&claimed, &mut contents).await {
                        match failure {
                            Failure::Storage(error) if error.is_of_storage() => return Err(error),
                            failure => failed.push((claimed, failure)),
                        }
                        continue;
                    }
                    let mut files = Vec::new();
                    for attachment in std::mem::take(&mut contents.attachments) {
                        let sha256 = self.blobs.put_attachment(Bytes::from(attachment.bytes)).await?;
                        files.push((attachment.meta, sha256));
                    }
                    prepared.push(Prepared {
                        claimed,
                        contents,
                        files,
                    });
                }
                Err(failure) => failed.push((claimed, failure)),
            }
        }
        Ok((prepared, failed))
    }
}

fn read_one(bytes: &[u8], claimed: &Claimed, pepper: &Pepper, rules: &InApp) -> Result<Contents, Failure> {
    let read = || {
        let envelope = Envelope::parse(bytes, &Limits::default())?;
        Contents::of(envelope, claimed, pepper, rules)
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| Err(Failure::Panic(words_of(&*panic))))
}
