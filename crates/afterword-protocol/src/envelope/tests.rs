//! Each rule of the framing, and each limit at, below and above.

use super::*;

const ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

fn parse(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
    Envelope::parse(bytes, &Limits::default())
}

fn payloads(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let envelope = parse(bytes).unwrap();
    envelope
        .items
        .into_iter()
        .map(|item| (item.header.kind, item.payload))
        .collect()
}

fn pair(kind: &str, payload: &[u8]) -> (String, Vec<u8>) {
    (kind.to_owned(), payload.to_vec())
}

#[test]
fn a_header_alone_is_an_envelope_with_or_without_its_newline() {
    for bytes in [&b"{}"[..], b"{}\n", b"{}\r\n", b"{}\n\n", b" {} \n"] {
        assert_eq!(parse(bytes).unwrap(), Envelope::default(), "{bytes:?}");
    }
}

#[test]
fn with_a_length_the_payload_is_that_many_bytes_newlines_included() {
    let bytes = b"{}\n{\"type\":\"attachment\",\"length\":7}\na\nb\r\n\0\xff\n{\"type\":\"event\",\"length\":2}\n{}";
    assert_eq!(
        payloads(bytes),
        [pair("attachment", b"a\nb\r\n\0\xff"), pair("event", b"{}")]
    );
}

#[test]
fn without_a_length_the_payload_ends_before_the_next_newline() {
    let bytes = b"{}\n{\"type\":\"session\"}\n{\"sid\":1}\n{\"type\":\"event\",\"length\":null}\n{}\n";
    assert_eq!(payloads(bytes), [pair("session", b"{\"sid\":1}"), pair("event", b"{}")]);
}

#[test]
fn a_carriage_return_belongs_to_the_payload() {
    let bytes = b"{}\r\n{\"type\":\"attachment\",\"length\":3}\r\na\r\n\n{\"type\":\"session\"}\r\n{}\r\n";
    assert_eq!(
        payloads(bytes),
        [pair("attachment", b"a\r\n"), pair("session", b"{}\r")]
    );
}

#[test]
fn empty_payloads_are_kept() {
    let bytes =
        b"{}\n{\"type\":\"attachment\",\"length\":0}\n\n{\"type\":\"attachment\"}\n\n{\"type\":\"x\",\"length\":0}";
    assert_eq!(
        payloads(bytes),
        [pair("attachment", b""), pair("attachment", b""), pair("x", b"")]
    );
}

#[test]
fn the_last_newline_is_optional() {
    for end in [&b""[..], b"\n", b"\n\n", b"\n\r\n\n"] {
        let mut with_length = b"{}\n{\"type\":\"event\",\"length\":2}\n{}".to_vec();
        with_length.extend_from_slice(end);
        assert_eq!(payloads(&with_length), [pair("event", b"{}")], "{end:?}");
    }
}

#[test]
fn unknown_kinds_and_fields_are_kept() {
    let bytes = b"{\"sdk\":{\"name\":\"x\"},\"sent_at\":5}\n{\"type\":\"from_the_future\",\"item_count\":3}\nhello\n";
    let envelope = parse(bytes).unwrap();
    assert_eq!(envelope.header.sent_at, None);
    assert_eq!(envelope.header.other["sent_at"], 5);
    assert_eq!(envelope.header.other["sdk"]["name"], "x");
    assert_eq!(envelope.items[0].header.kind, "from_the_future");
    assert_eq!(envelope.items[0].header.other["item_count"], 3);
}

#[test]
fn an_event_id_comes_with_and_without_dashes_and_leaves_without() {
    let id = Uuid::parse_str(ID).unwrap();
    for text in [ID.to_owned(), id.hyphenated().to_string(), ID.to_uppercase()] {
        let envelope = parse(format!("{{\"event_id\":\"{text}\"}}").as_bytes()).unwrap();
        assert_eq!(envelope.header.event_id, Some(id));
        assert_eq!(envelope.to_bytes(), format!("{{\"event_id\":\"{ID}\"}}\n").as_bytes());
    }
    assert_eq!(
        parse(b"{\"event_id\":null,\"trace\":null,\"dsn\":null}").unwrap(),
        Envelope::default()
    );
}

#[test]
fn the_header_alone_can_be_read() {
    let bytes = format!("{{\"event_id\":\"{ID}\",\"dsn\":\"http://k@h/1\"}}\nnot an item");
    let header = Envelope::parse_header(bytes.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(header.dsn.as_deref(), Some("http://k@h/1"));
    assert!(parse(bytes.as_bytes()).is_err());
}

#[test]
fn what_is_malformed_is_named() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "envelope is empty"),
        (b"\n{}", "envelope header is malformed"),
        (b"[]", "envelope header is malformed"),
        (b"{\"event_id\":\"no\"}", "envelope header is malformed"),
        (b"{\"event_id\":7}", "envelope header is malformed"),
        (b"{} {}\n", "envelope header is malformed"),
        (b"{}\n{}\n", "header of item 0 is malformed"),
        (b"{}\n{\"type\":3}\n", "header of item 0 is malformed"),
        (b"{}\nhello\n", "header of item 0 is malformed"),
        (
            b"{}\n{\"type\":\"x\",\"length\":-1}\n\n",
            "header of item 0 is malformed",
        ),
        (
            b"{}\n{\"type\":\"x\",\"length\":1.5}\n\n",
            "header of item 0 is malformed",
        ),
        (
            b"{}\n{\"type\":\"x\",\"length\":\"2\"}\nab\n",
            "header of item 0 is malformed",
        ),
        (
            b"{}\n{\"type\":\"x\"}\n\n{\"type\":\"x\",\"length\":3}\nab",
            "item 1 states 3 bytes, but only 2 are left",
        ),
        (
            b"{}\n{\"type\":\"x\",\"length\":18446744073709551615}\nab",
            "item 0 states 18446744073709551615 bytes",
        ),
        (
            b"{}\n{\"type\":\"x\",\"length\":2}",
            "item 0 states 2 bytes, but only 0 are left",
        ),
        (
            b"{}\n{\"type\":\"x\",\"length\":1}\nab\n",
            "item 0 has no newline after its 1 bytes",
        ),
        (
            b"{}\n{\"type\":\"x\",\"length\":1}\na\r\n",
            "item 0 has no newline after its 1 bytes",
        ),
    ];
    for (bytes, words) in cases {
        let error = parse(bytes).unwrap_err();
        assert!(
            error.to_string().starts_with(words),
            "{:?}: {error}",
            String::from_utf8_lossy(bytes)
        );
        assert!(!error.is_over_limit());
    }
}

#[test]
fn event_transaction_and_feedback_exclude_each_other() {
    let kinds = [kind::EVENT, kind::TRANSACTION, kind::FEEDBACK];
    for first in kinds {
        for second in kinds {
            let bytes = format!("{{}}\n{{\"type\":\"{first}\"}}\n{{}}\n{{\"type\":\"{second}\"}}\n{{}}\n");
            assert!(
                matches!(parse(bytes.as_bytes()), Err(EnvelopeError::TooManyEvents)),
                "{first} {second}"
            );
        }
    }
    assert_eq!(
        payloads(b"{}\n{\"type\":\"event\"}\n{}\n{\"type\":\"user_report\"}\n{}").len(),
        2
    );
}

/// Whether an envelope is taken, the only reason to refuse it being a limit.
fn taken(bytes: &[u8], limits: &Limits) -> bool {
    match Envelope::parse(bytes, limits) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.is_over_limit(), "{error}");
            false
        }
    }
}

fn of_size(kind: &str, payload_bytes: usize) -> Vec<u8> {
    Envelope {
        header: EnvelopeHeader::default(),
        items: vec![Item::new(kind, vec![b'x'; payload_bytes])],
    }
    .to_bytes()
}

#[test]
fn each_limit_holds_at_below_and_above() {
    let limits = Limits {
        envelope_bytes: 2000,
        items: 5,
        header_bytes: 60,
        item_headers_bytes: 180,
        header_depth: 3,
        event_bytes: 1000,
        client_report_bytes: 100,
        sessions: 3,
    };
    for (size_bytes, expected) in [(1999, true), (2000, true), (2001, false)] {
        let mut bytes = of_size("attachment", 1900);
        bytes.resize(size_bytes, b'\n');
        assert_eq!(taken(&bytes, &limits), expected, "envelope of {size_bytes}");
    }
    for (count, expected) in [(4, true), (5, true), (6, false)] {
        let bytes = format!("{{}}\n{}", "{\"type\":\"x\"}\n\n".repeat(count));
        assert_eq!(taken(bytes.as_bytes(), &limits), expected, "{count} items");
    }
    for (size_bytes, expected) in [(59, true), (60, true), (61, false)] {
        let envelope = format!("{{}}{}\n", " ".repeat(size_bytes - 2));
        assert_eq!(
            taken(envelope.as_bytes(), &limits),
            expected,
            "envelope header of {size_bytes}"
        );
        let item = format!("{{}}\n{{\"type\":\"x\"}}{}\n\n", " ".repeat(size_bytes - 12));
        assert_eq!(taken(item.as_bytes(), &limits), expected, "item header of {size_bytes}");
    }
    for (size_bytes, expected) in [(59, true), (60, true), (61, false)] {
        let line = format!("{{\"type\":\"x\"}}{}\n\n", " ".repeat(60 - 12));
        let last = format!("{{\"type\":\"x\"}}{}\n\n", " ".repeat(size_bytes - 12));
        let envelope = format!("{{}}\n{line}{}{last}", line.replacen(' ', "", 1));
        assert_eq!(
            taken(
                envelope.as_bytes(),
                &Limits {
                    header_bytes: 61,
                    item_headers_bytes: 179,
                    ..limits
                }
            ),
            expected,
            "item headers of {} together",
            119 + size_bytes
        );
    }
    for (nested, expected) in [
        ("1", true),
        ("[{\"[[[\":\"\\\"[[[\"}]", true),
        ("[[[]]]", false),
        ("{\"a\":[{}]}", false),
    ] {
        let envelope = format!("{{\"a\":{nested}}}\n");
        assert_eq!(
            taken(envelope.as_bytes(), &limits),
            expected,
            "envelope header with {nested}"
        );
        let item = format!("{{}}\n{{\"type\":\"x\",\"a\":{nested}}}\n\n");
        assert_eq!(taken(item.as_bytes(), &limits), expected, "item header with {nested}");
    }
    for kind in [kind::EVENT, kind::TRANSACTION, kind::FEEDBACK, kind::USER_REPORT] {
        for (size_bytes, expected) in [(999, true), (1000, true), (1001, false)] {
            assert_eq!(
                taken(&of_size(kind, size_bytes), &limits),
                expected,
                "{kind} of {size_bytes}"
            );
        }
    }
    for (size_bytes, expected) in [(99, true), (100, true), (101, false)] {
        assert_eq!(
            taken(&of_size(kind::CLIENT_REPORT, size_bytes), &limits),
            expected,
            "report of {size_bytes}"
        );
    }
    for (count, expected) in [(2, true), (3, true), (4, false)] {
        let bytes = format!("{{}}\n{}", "{\"type\":\"session\"}\n{}\n".repeat(count));
        assert_eq!(taken(bytes.as_bytes(), &limits), expected, "{count} sessions");
    }
}

#[test]
fn the_defaults_are_those_of_the_protocol() {
    let limits = Limits::default();
    assert_eq!(limits.envelope_bytes, 200 * 1024 * 1024);
    assert_eq!(
        (limits.event_bytes, limits.client_report_bytes, limits.sessions),
        (1024 * 1024, 4096, 100)
    );
}

#[test]
fn deep_json_is_refused_rather_than_followed() {
    for depth in [15, 16, 20_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let expected = depth == 15;
        assert_eq!(
            taken(format!("{{\"trace\":{nested}}}").as_bytes(), &Limits::default()),
            expected
        );
        let item = format!("{{}}\n{{\"type\":\"x\",\"a\":{nested}}}\n");
        assert_eq!(taken(item.as_bytes(), &Limits::default()), expected);
    }
}

#[test]
fn what_is_written_reads_back() {
    let mut envelope = Envelope::new(Uuid::parse_str(ID).unwrap());
    envelope.header.dsn = Some("https://key@host/42".to_owned());
    envelope
        .header
        .other
        .insert("sdk".to_owned(), serde_json::json!({"name": "afterword"}));
    envelope.push(Item::new(kind::EVENT, b"{\"a\":\n1}".to_vec()).with_content_type("application/json"));
    envelope.push(Item::attachment(
        "a \"b\"\n.dmp",
        Some(ATTACHMENT_MINIDUMP),
        vec![0, 10, 13, 255, 10],
    ));
    envelope.push(Item::new("future", Vec::new()));

    let read = parse(&envelope.to_bytes()).unwrap();
    for item in &mut envelope.items {
        item.header.length = Some(item.payload.len());
    }
    assert_eq!(read, envelope);
    assert!(read.items[1].is_minidump() && !read.items[0].is_minidump());
    assert_eq!(read.item(kind::EVENT), Some(&read.items[0]));
}

#[test]
fn a_stated_length_is_corrected_when_written() {
    let mut item = Item::new("x", b"four".to_vec());
    item.header.length = Some(99);
    let bytes = Envelope {
        header: EnvelopeHeader::default(),
        items: vec![item],
    }
    .to_bytes();
    assert_eq!(bytes, b"{}\n{\"type\":\"x\",\"length\":4}\nfour\n");
}

#[test]
fn what_the_rust_client_sends_is_read() {
    // sentry 0.49: no sent_at, a dashed id, and the session between the event and its attachment.
    let bytes = b"{\"event_id\":\"22d00b3f-d1b1-4b5d-8d20-49d138cd8a9c\"}\n{\"type\":\"event\",\"length\":2}\n{}\n\
        {\"type\":\"session\",\"length\":12}\n{\"did\":null}\n\
        {\"type\":\"attachment\",\"length\":3,\"filename\":\"a.txt\",\"attachment_type\":\"event.attachment\",\"content_type\":\"application/octet-stream\"}\nabc\n";
    let envelope = parse(bytes).unwrap();
    assert_eq!(
        envelope
            .items
            .iter()
            .map(|item| item.header.kind.as_str())
            .collect::<Vec<_>>(),
        ["event", "session", "attachment"]
    );
    assert_eq!(envelope.items[2].header.filename.as_deref(), Some("a.txt"));
}

#[test]
fn the_headers_of_a_stranger_do_not_grow_without_bound() {
    // Each `[0],` takes hundreds of bytes once it is a value.
    let line = format!("{{\"type\":\"x\",\"a\":[{}0]}}\n\n", "[0],".repeat(16_000));
    assert!(line.len() < Limits::default().header_bytes);
    assert!(taken(
        format!("{{}}\n{}", line.repeat(4)).as_bytes(),
        &Limits::default()
    ));
    let error = parse(format!("{{}}\n{}", line.repeat(1000)).as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "size of all item headers in bytes is over the limit of 262144"
    );
}

#[test]
fn as_many_items_as_allowed_fit_with_the_headers_that_clients_write() {
    let header = "{\"type\":\"attachment\",\"length\":3,\"filename\":\"screenshot of the second monitor.png\",\
        \"content_type\":\"application/octet-stream\",\"attachment_type\":\"event.attachment\"}\nabc\n";
    let envelope = format!("{{}}\n{}", header.repeat(Limits::default().items));
    assert_eq!(payloads(envelope.as_bytes()).len(), 1000);
}

#[test]
fn a_view_has_what_the_envelope_has_without_copying_it() {
    let bytes =
        b"{\"sent_at\":\"now\"}\n{\"type\":\"attachment\",\"length\":2,\"attachment_type\":\"event.minidump\"}\nab\n";
    let view = EnvelopeView::parse(bytes, &Limits::default()).unwrap();
    let envelope = parse(bytes).unwrap();
    assert_eq!(view.header, envelope.header);
    assert_eq!(view.items[0].header, envelope.items[0].header);
    assert!(view.items[0].header.is_minidump());
    assert!(bytes.as_ptr_range().contains(&view.items[0].payload.as_ptr()));
}

#[test]
fn an_envelope_without_the_bytes_of_an_item_is_one_without_it() {
    let envelopes = [
        "{}\n{\"type\":\"a\"}\none\n{\"type\":\"b\",\"length\":2}\nx\n\n{\"type\":\"c\"}\n\n{\"type\":\"d\"}",
        "{}\n\n{\"type\":\"a\"}\r\none\r\n\n\n{\"type\":\"b\",\"length\":0}\n\n\n",
        "{}\n{\"type\":\"a\",\"length\":0}",
    ];
    for envelope in envelopes {
        let view = EnvelopeView::parse(envelope.as_bytes(), &Limits::default()).unwrap();
        for (index, item) in view.items.iter().enumerate() {
            let without = [
                &envelope.as_bytes()[..item.span.start],
                &envelope.as_bytes()[item.span.end..],
            ]
            .concat();
            let mut expected = Envelope::parse(envelope.as_bytes(), &Limits::default()).unwrap();
            expected.items.remove(index);
            assert_eq!(parse(&without).unwrap(), expected, "{envelope:?} without {index}");
        }
    }
}
