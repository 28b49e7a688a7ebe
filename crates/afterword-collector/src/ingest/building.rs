//! An envelope in the making, for what does not come as one. Payloads are written where they stay, piece by piece, while
//! their length and the event's id are not known yet: room is left for both.

use afterword_protocol::ItemHeader;
use uuid::Uuid;

use super::Refusal;
use super::body::Held;

const BEFORE_ID: &str = r#"{"event_id":""#;
const AFTER_ID: &str = "\"}\n";

/// Room for a length: spaces before a number are JSON.
const LENGTH_DIGITS: usize = 12;

/// The envelope as far as it is.
pub(super) struct Building {
    held: Held,
    item: Option<Begun>,
}

/// Where the parts of the item are that is being written.
struct Begun {
    item_at: usize,
    length_at: usize,
    payload_at: usize,
}

impl Building {
    /// An envelope without items. The bytes must be none yet.
    pub(super) fn new(mut held: Held) -> Result<Self, Refusal> {
        held.append(BEFORE_ID.as_bytes())?;
        held.append(Uuid::nil().simple().to_string().as_bytes())?;
        held.append(AFTER_ID.as_bytes())?;
        Ok(Self { held, item: None })
    }

    /// Begins an item, whose header has no `length` yet.
    pub(super) fn begin(&mut self, header: &ItemHeader) -> Result<(), Refusal> {
        let item_at = self.held.len();
        // Strings and maps with string keys: there is no way to fail.
        let line = serde_json::to_string(header).expect("a header serialises into memory");
        let open = line.strip_suffix('}').unwrap_or(&line);
        self.held.append(open.as_bytes())?;
        self.held.append(br#","length":"#)?;
        let length_at = self.held.len();
        self.held.append(&[b' '; LENGTH_DIGITS])?;
        self.held.append(b"}\n")?;
        self.item = Some(Begun {
            item_at,
            length_at,
            payload_at: self.held.len(),
        });
        Ok(())
    }

    /// Adds to the item's payload.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.held.append(bytes)
    }

    /// The payload of the item so far.
    pub(super) fn payload(&self) -> &[u8] {
        self.item.as_ref().map_or(&[], |item| &self.held[item.payload_at..])
    }

    /// Ends the item.
    pub(super) fn end(&mut self) -> Result<(), Refusal> {
        if let Some(item) = self.item.take() {
            let length = format!("{:>LENGTH_DIGITS$}", self.held.len() - item.payload_at);
            self.held.patch(item.length_at, length.as_bytes());
            self.held.append(b"\n")?;
        }
        Ok(())
    }

    /// Takes the item back.
    pub(super) fn abandon(&mut self) {
        if let Some(item) = self.item.take() {
            self.held.truncate(item.item_at);
        }
    }

    /// Adds an item whose payload is there.
    pub(super) fn push(&mut self, header: &ItemHeader, payload: &[u8]) -> Result<(), Refusal> {
        self.begin(header)?;
        self.append(payload)?;
        self.end()
    }

    /// The envelope, for the event of this id.
    pub(super) fn finish(mut self, event_id: Uuid) -> Held {
        self.held
            .patch(BEFORE_ID.len(), event_id.simple().to_string().as_bytes());
        self.held
    }
}

/// The header of an item of this kind, with nothing else in it.
pub(super) fn header_of(kind: &str) -> ItemHeader {
    ItemHeader {
        kind: kind.to_owned(),
        ..ItemHeader::default()
    }
}

#[cfg(test)]
mod tests {
    use afterword_protocol::{Envelope, Limits};

    use super::super::body::{Budget, Limit};
    use super::*;

    #[test]
    fn what_is_built_is_an_envelope() {
        let budget = Budget::new(1 << 20);
        let mut building = Building::new(budget.held(Limit::of_envelope())).unwrap();
        let mut header = header_of("attachment");
        header.filename = Some("a \"b\" ü.txt".to_owned());
        building.begin(&header).unwrap();
        building.append(b"one\n").unwrap();
        building.append(b"two").unwrap();
        assert_eq!(building.payload(), b"one\ntwo");
        building.end().unwrap();
        building.begin(&header_of("event")).unwrap();
        building.append(b"lost").unwrap();
        building.abandon();
        building.push(&header_of("event"), b"").unwrap();
        let id = Uuid::from_u128(7);
        let envelope = Envelope::parse(&building.finish(id), &Limits::default()).unwrap();
        assert_eq!(envelope.header.event_id, Some(id));
        let items: Vec<_> = envelope
            .items
            .iter()
            .map(|item| (item.header.kind.as_str(), &item.payload[..]))
            .collect();
        assert_eq!(items, [("attachment", &b"one\ntwo"[..]), ("event", b"")]);
        assert_eq!(envelope.items[0].header.filename, header.filename);
    }
}
