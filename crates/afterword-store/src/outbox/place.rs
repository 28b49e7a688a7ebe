//! From `arriving` to where it belongs.

use std::path::Path;

use afterword_protocol::{Envelope, Limits};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::drain::{Draining, in_words, is_file, step};
use crate::consent::{Placement, placement};
use crate::envelopes::file_name;
use crate::info::{REPORT_JSON_MAX_BYTES, ReportKind};
use crate::{ConsentPolicy, EnvelopeClass, Error, ReportFile, ReportId, ReportInfo, State, disk};

/// A record that was taken out of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arriving {
    /// The segment that it was in, and where it ended there.
    pub(super) segment: u32,
    pub(super) end: u64,
    pub(super) id: Uuid,
    pub(super) class: EnvelopeClass,
}

impl Arriving {
    /// The name of its file.
    pub(super) fn name(&self) -> String {
        let Arriving {
            segment,
            end,
            class,
            id,
        } = self;
        format!("{segment}-{end}-{}-{}.envelope", class.number(), id.simple())
    }

    fn parse(name: &str) -> Option<Arriving> {
        let mut parts = name.strip_suffix(".envelope")?.splitn(4, '-');
        Some(Arriving {
            segment: parts.next()?.parse().ok()?,
            end: parts.next()?.parse().ok()?,
            class: EnvelopeClass::from_number(parts.next()?.parse().ok()?),
            id: Uuid::try_parse(parts.next()?).ok()?,
        })
    }

    /// The name of the folder that it becomes, if it becomes a report.
    fn report_name(&self) -> String {
        format!("{}.report", self.name())
    }
}

impl Draining<'_> {
    /// Ends what a drainer has begun that was killed.
    pub(super) fn recover(&mut self) -> Result<(), Error> {
        let folder = self.arriving_folder();
        let mut taken = Vec::new();
        for entry in disk::list(&folder)? {
            let path = folder.join(&entry.name);
            let named =
                |name| Arriving::parse(name).filter(|arriving| self.position.is_behind(arriving.segment, arriving.end));
            if let Some(name) = entry.name.strip_suffix(".report") {
                match named(name) {
                    Some(arriving) if is_file(&path.join(ReportFile::Envelope.name())) => taken.push(arriving),
                    // Its envelope is beside it, still.
                    _ => disk::delete_entry(&path, &entry.metadata)?,
                }
            } else {
                match named(&entry.name) {
                    Some(arriving) => taken.push(arriving),
                    // It will be taken again.
                    None => disk::delete_entry(&path, &entry.metadata)?,
                }
            }
        }
        taken.sort_unstable();
        self.place_all(&taken)
    }

    /// Puts each where the table says.
    pub(super) fn place_all(&mut self, taken: &[Arriving]) -> Result<(), Error> {
        if taken.is_empty() {
            return Ok(());
        }
        for name in ["queued", "held"] {
            disk::make_folder(&self.store.envelope_folder(name))?;
        }
        for arriving in taken {
            self.place(arriving)?;
            step()?;
        }
        for folder in ["queued", "held"].map(|name| self.store.envelope_folder(name)) {
            disk::make_last(&folder);
        }
        disk::make_last(&self.arriving_folder());
        Ok(())
    }

    fn place(&mut self, arriving: &Arriving) -> Result<(), Error> {
        let folder = self.arriving_folder();
        let report = folder.join(arriving.report_name());
        let in_report = report.join(ReportFile::Envelope.name());
        let beside = folder.join(arriving.name());
        let became_report = is_file(&in_report);
        let envelope = if became_report { &in_report } else { &beside };
        match placement(arriving.class.into(), self.drain.policy) {
            Placement::Queued => {
                self.move_envelope(envelope, "queued", arriving.id)?;
                self.drained.queued += 1;
            }
            Placement::Held => {
                self.move_envelope(envelope, "held", arriving.id)?;
                self.drained.held += 1;
            }
            Placement::Dropped => {
                disk::delete_file(envelope)?;
                self.drained.dropped += 1;
            }
            Placement::Waiting => {
                if !became_report && !self.make_report(&beside, &report, arriving)? {
                    return Ok(());
                }
                step()?;
                return self.commit_report(&report, arriving.id);
            }
        }
        if became_report {
            disk::delete_folder(&report)?;
        }
        Ok(())
    }

    fn move_envelope(&self, from: &Path, to: &str, id: Uuid) -> Result<(), Error> {
        disk::rename(from, &self.store.envelope_folder(to).join(file_name(id)))
    }

    /// Makes the folder of a report, whose envelope comes last. False when it is no envelope: it is put aside.
    fn make_report(&self, beside: &Path, report: &Path, arriving: &Arriving) -> Result<bool, Error> {
        let Some(bytes) = disk::read_bounded(beside, ReportFile::Envelope.max_bytes())? else {
            return Ok(false);
        };
        let Some((info, event)) = describe(&bytes, arriving.id, self.drain.app_name) else {
            log::error!("an error that was captured is no envelope, and put aside");
            let refused = self.store.envelope_folder("refused");
            disk::make_folder(&refused)?;
            disk::move_synced(beside, &refused.join(file_name(arriving.id)))?;
            return Ok(false);
        };
        disk::delete_folder(report)?;
        disk::make_folder(report)?;
        step()?;
        disk::write_atomic(&report.join(ReportFile::Event.name()), &event)?;
        disk::write_json(&report.join("report.json"), &info, REPORT_JSON_MAX_BYTES)?;
        step()?;
        disk::rename(beside, &report.join(ReportFile::Envelope.name()))?;
        disk::sync_folder(report)?;
        Ok(true)
    }

    /// From here on it is seen.
    fn commit_report(&mut self, report: &Path, id: Uuid) -> Result<(), Error> {
        let id = ReportId::from(id);
        disk::make_folder(&self.store.state_folder(State::Waiting))?;
        let place = self.store.report_folder(State::Waiting, id);
        disk::move_synced(report, &place).inspect_err(|error| log::debug!("{}", in_words(error)))?;
        self.drained.waiting.push(id);
        Ok(())
    }
}

/// What a report says of an error, and the event as it is in the envelope.
fn describe(bytes: &[u8], id: Uuid, app_name: &str) -> Option<(ReportInfo, Vec<u8>)> {
    let envelope = Envelope::parse(bytes, &Limits::default()).ok()?;
    let item = envelope.items.iter().find(|item| item.header.kind == "event")?;
    let event: Value = serde_json::from_slice(&item.payload).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let exception = event.pointer("/exception/values").or(event.get("exception"));
    let exception = exception.and_then(Value::as_array).and_then(|values| values.last());
    let message = ["/logentry/formatted", "/logentry/message", "/message"]
        .iter()
        .find_map(|place| text(event.pointer(place)?));
    let info = ReportInfo {
        version: ReportInfo::VERSION,
        report_id: ReportId::from(id),
        event_id: event["event_id"]
            .as_str()
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or(id),
        kind: ReportKind::Error,
        dsn: envelope.header.dsn.clone().unwrap_or_default(),
        app_name: app_name.to_owned(),
        release: text(&event["release"]),
        environment: text(&event["environment"]),
        captured_at: captured_at(&event),
        reason: exception
            .and_then(|exception| text(&exception["type"]))
            .unwrap_or_else(|| "message".to_owned()),
        signal: None,
        address: None,
        message: exception.and_then(|exception| text(&exception["value"])).or(message),
        thread_name: text(&event["tags"]["thread.name"]),
        event: Value::Null,
        removed: removed(&event),
        soft_errors: Vec::new(),
        policy: ConsentPolicy::Ask,
    };
    Some((info, item.payload.to_vec()))
}

/// What whoever cleaned it says in it.
fn removed(event: &Value) -> Vec<String> {
    const MOST: usize = 50;
    let lines = event.pointer("/contexts/afterword/removed").and_then(Value::as_array);
    let lines = lines.into_iter().flatten().filter_map(Value::as_str);
    lines.take(MOST).map(str::to_owned).collect()
}

/// Seconds since 1970, as the SDK writes them; else now.
fn captured_at(event: &Value) -> OffsetDateTime {
    event["timestamp"]
        .as_f64()
        .filter(|seconds| seconds.is_finite())
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp_nanos((seconds * 1e9) as i128).ok())
        .unwrap_or_else(OffsetDateTime::now_utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_it_was_and_what_it_is() {
        let arriving = Arriving {
            segment: 3,
            end: 4_000_000,
            class: EnvelopeClass::Transaction,
            id: Uuid::from_u128(7),
        };
        assert_eq!(Arriving::parse(&arriving.name()), Some(arriving));
        for name in [
            "",
            ".envelope",
            "1-2-3.envelope",
            "x-2-3-4.envelope",
            "1-2-1-zz.envelope",
        ] {
            assert_eq!(Arriving::parse(name), None, "{name}");
        }
    }
}
