//! Forward and back in a list of a page.

use super::Failure;
use super::frame::Frame;
use crate::search::cursor;
use crate::search::walk::{Page, Walked};

/// Where a list goes on; `None`: it does not.
#[derive(Debug, Default)]
pub(super) struct Paging {
    /// What comes before.
    pub(super) before: Option<String>,
    /// What comes after.
    pub(super) after: Option<String>,
}

/// The part of a list that `?cursor=` asks for.
pub(super) fn page(frame: &Frame, limit: usize) -> Result<Page, Failure> {
    let (from, back) = match frame.asked("cursor") {
        Some(text) => cursor::read(text).ok_or_else(|| {
            Failure::Wrong("The address names no place of this list. Begin again at its start.".to_owned())
        })?,
        None => (None, false),
    };
    Ok(Page { from, back, limit })
}

impl Paging {
    /// The ways on from a part of the list of this page, with the same question.
    pub(super) fn of(frame: &Frame, page: Page, walked: &Walked) -> Self {
        let (before, after) = cursor::ways(page, walked);
        let to = |way: cursor::Way| way.leads.then(|| frame.with("cursor", Some(&way.cursor)));
        Self {
            before: to(before),
            after: to(after),
        }
    }
}
