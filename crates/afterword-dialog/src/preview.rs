//! Reading what would be sent, out of the store: the same parts and bytes that the sender takes. The view asks for what it
//! has not, a page at a time, and this is where it comes from; and where a copy is written.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use afterword_store::{AppId, Error as StoreError, Outgoing, PartKind, Store};

use crate::look::{CopyFailure, PAGE_BYTES, Page, Saved};
use crate::message::Asked;
use crate::shown::raw_rows;
use crate::state::State;
use crate::text;

/// Longest event that is laid out as text; servers take 1 MiB.
const MAX_EVENT_BYTES: usize = 16 << 20;

/// What would be sent of the report in question.
pub(crate) fn outgoing(asked: &Asked) -> Result<Outgoing, StoreError> {
    let app = AppId::new(&asked.app)?;
    Store::open(&asked.store_root, &app)?
        .report(asked.report_id)?
        .outgoing()
}

/// Lays out what would be sent, and where a copy of it would go unless the person says otherwise.
pub(crate) fn lay_out(state: &mut State) {
    let outgoing = outgoing(&state.asked).map_err(|error| {
        log::warn!("what would be sent cannot be shown: {}", afterword_store::chain(&error));
        text::line(&root_cause(&error), 200)
    });
    state.look.laid_out(outgoing);
    state.look.choose(&state.comment, state.asked.asked_at);
    if state.look.copying.path.is_empty() {
        state.look.copying.path = default_copy(&state.asked).to_string_lossy().into_owned();
    }
}

/// Reads what the view has asked for. Returns whether there was anything.
pub(crate) fn serve(state: &mut State) -> bool {
    let look = &mut state.look;
    let (page, rows) = (
        std::mem::take(&mut look.page_wanted),
        std::mem::take(&mut look.rows_wanted),
    );
    if page {
        let range = look.range();
        let start = range.start + look.page * PAGE_BYTES;
        let length = range.end.saturating_sub(start).min(PAGE_BYTES) as usize;
        look.have = Some(Page {
            subject: look.subject.clone(),
            number: look.page,
            bytes: read(look.outgoing.as_ref(), &look.subject.part, start, length),
        });
    }
    if rows {
        let event = event_text(look.outgoing.as_ref());
        look.rows = Some(event.map_or_else(
            |why| vec![why],
            |(text, left_out)| raw_rows(&text, left_out, state.words),
        ));
    }
    page || rows
}

/// The event as text, and how many bytes of it are left out.
pub(crate) fn event_text(outgoing: Option<&Outgoing>) -> Result<(String, u64), String> {
    let event = outgoing
        .iter()
        .flat_map(|outgoing| outgoing.parts())
        .find(|part| part.kind() == PartKind::Event);
    let Some(event) = event else {
        return Ok((String::new(), 0));
    };
    let bytes = read(outgoing, event.name(), 0, MAX_EVENT_BYTES)?;
    let unread = event.payload_bytes() - bytes.len() as u64;
    let (text, left_out) = text::whole_report(&bytes);
    Ok((text, left_out + unread))
}

fn read(outgoing: Option<&Outgoing>, part: &str, start: u64, length: usize) -> Result<Vec<u8>, String> {
    let Some((outgoing, part)) =
        outgoing.and_then(|outgoing| Some((outgoing, outgoing.parts().find(|known| known.name() == part)?)))
    else {
        return Ok(Vec::new());
    };
    outgoing.read(part, start, length).map_err(|error| {
        log::warn!("{}", afterword_store::chain(&error));
        text::line(&root_cause(&error), 200)
    })
}

/// Writes all that would be sent into a new file: the bodies of the requests before compression, one after the other. What
/// was written of a copy that failed is removed again.
pub(crate) fn save_copy(outgoing: &Outgoing, path: &Path) -> Result<Saved, CopyFailure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = BufWriter::new(file.map_err(|error| of_path(error, path))?);
    let written = match outgoing.write_to(&mut file, path) {
        Ok(size_bytes) => file
            .flush()
            .and_then(|()| file.get_ref().sync_all())
            .map(|()| size_bytes),
        Err(StoreError::Write { source, .. }) => Err(source),
        Err(other) => Err(io::Error::other(root_cause(&other))),
    };
    match written {
        Ok(size_bytes) => Ok(Saved {
            path: path.to_owned(),
            size_bytes,
        }),
        Err(error) => {
            // Half a copy is none; where it cannot be removed, the error that is told is the one that matters.
            std::fs::remove_file(path).ok();
            Err(of_path(error, path))
        }
    }
}

/// What an error means for whoever wants a copy there.
fn of_path(error: io::Error, path: &Path) -> CopyFailure {
    let folder = || path.parent().unwrap_or(Path::new("")).to_owned();
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => CopyFailure::Denied(folder()),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CopyFailure::NoFolder(folder()),
        io::ErrorKind::AlreadyExists => CopyFailure::Exists(path.to_owned()),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CopyFailure::Full,
        _ => CopyFailure::Other(text::line(&error.to_string(), 200)),
    }
}

/// In the person's folder for downloads, documents or at home, in this order: what there is.
pub(crate) fn default_copy(asked: &Asked) -> PathBuf {
    let folders = directories::UserDirs::new();
    let folder = folders.as_ref().and_then(|folders| {
        let known = [folders.download_dir(), folders.document_dir(), Some(folders.home_dir())];
        known
            .into_iter()
            .flatten()
            .find(|folder| folder.is_dir())
            .map(Path::to_owned)
    });
    let id = asked.report_id.to_string();
    let name = format!("{}-report-{}.envelope", asked.app, id.get(..8).unwrap_or(&id));
    folder.unwrap_or_else(std::env::temp_dir).join(name)
}

/// Such as "No space left on device": what the person can do something about.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
