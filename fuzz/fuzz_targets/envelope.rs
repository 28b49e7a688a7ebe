//! An envelope of a stranger: it is one or it is not, what is written of it reads back, and it can lose any of its items.
#![no_main]

use afterword_protocol::{Envelope, EnvelopeView, Item, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let Ok(view) = EnvelopeView::parse(bytes, &limits) else {
        return;
    };
    let envelope = Envelope::parse(bytes, &limits).expect("both read the same");
    // What was at a limit may be over it once lengths are written.
    if let Ok(written) = Envelope::parse(&envelope.to_bytes(), &limits) {
        assert_eq!(known(&written), known(&envelope));
    }
    for (index, item) in view.items.iter().enumerate() {
        let without = [&bytes[..item.span.start], &bytes[item.span.end..]].concat();
        let mut expected = envelope.clone();
        expected.items.remove(index);
        assert_eq!(
            Envelope::parse(&without, &limits).expect("it has one item less"),
            expected
        );
    }
});

/// All but fields that nobody knows, whose numbers may be rounded.
fn known(envelope: &Envelope) -> impl PartialEq + std::fmt::Debug {
    let header = &envelope.header;
    let items = envelope.items.iter().map(|item| {
        let Item { header, payload } = item.clone();
        (
            header.kind,
            header.content_type,
            header.filename,
            header.attachment_type,
            payload,
        )
    });
    (
        header.event_id,
        header.dsn.clone(),
        header.sent_at.clone(),
        items.collect::<Vec<_>>(),
    )
}
