//! `reports delete`: gone from this machine.

use super::find::Found;
use super::{minute, program, what};
use crate::failure::{Failure, Result};
use crate::terminal;

pub(super) fn run(found: &Found, yes: bool) -> Result {
    let (id, state) = (found.short_id(), found.report.state());
    let about = match found.report.info() {
        Ok(info) => format!("{} of {}, {} UTC", what(info), program(info), minute(info.captured_at)),
        Err(_) => "which cannot be read".to_owned(),
    };
    if !yes && !terminal::confirm(&format!("Delete report {id} ({state}): {about}?"))? {
        return Err(Failure::Declined(format!("Report {id} was not deleted.")));
    }
    found.store.delete(found.report.id())?;
    terminal::print(&format!("Deleted report {}.\n", found.report.id()))
}
