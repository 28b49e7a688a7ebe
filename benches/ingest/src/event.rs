//! The events of a load: 2.8 KB each, as a client writes them, of a few issues, many users and some releases.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// Issues that they make.
pub(crate) const ISSUES: usize = 40;

const SIZE_BYTES: usize = 2800;

/// Where an id has its place in an envelope.
const PLACE: &str = "00000000000000000000000000000000";

/// Envelopes that only lack their ids.
pub(crate) struct Templates {
    bodies: Vec<(Vec<u8>, [usize; 2])>,
}

impl Templates {
    pub(crate) fn new() -> Templates {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let bodies = (0..2000).map(|number| {
            let event = padded(&event(number, now - number as f64));
            let text = format!(
                "{{\"event_id\":\"{PLACE}\"}}\n{{\"type\":\"event\",\"length\":{}}}\n{event}\n",
                event.len()
            );
            let places: Vec<usize> = text.match_indices(PLACE).map(|(at, _)| at).collect();
            (text.into_bytes(), [places[0], places[1]])
        });
        Templates {
            bodies: bodies.collect(),
        }
    }

    /// The envelope of this number, into `body`.
    pub(crate) fn write(&self, number: usize, body: &mut Vec<u8>) {
        let (template, places) = &self.bodies[number % self.bodies.len()];
        body.clear();
        body.extend_from_slice(template);
        let id = format!("{:032x}", number as u128 + (1 << 100));
        for place in places {
            body[*place..*place + id.len()].copy_from_slice(id.as_bytes());
        }
    }

    /// Bytes of one, on average.
    pub(crate) fn size(&self) -> usize {
        self.bodies.iter().map(|(body, _)| body.len()).sum::<usize>() / self.bodies.len()
    }
}

/// What comes beside events, one envelope for ten of them: a run of the application, and a transaction with its spans.
pub(crate) struct Beside {
    now: f64,
}

impl Beside {
    pub(crate) fn new() -> Beside {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Beside { now: now.as_secs_f64() }
    }

    /// The envelope of this number, into `body`: over the last fourteen days.
    pub(crate) fn write(&self, number: usize, body: &mut Vec<u8>) {
        let at = self.now - (number % 20_000) as f64 * 60.0;
        let release = format!("editor@1.{}.0", number % 5);
        let environment = pick(&["production", "staging"], number / 6);
        let took = 0.02 + (number % 97) as f64 * 0.004;
        let session = json!({
            "sid": format!("{:032x}", number as u128 + (1 << 101)), "did": format!("user-{}", number % 1000), "init": true,
            "started": at, "timestamp": at + 60.0, "status": if number.is_multiple_of(50) { "crashed" } else { "exited" },
            "errors": number % 3, "duration": 60.0, "attrs": {"release": release, "environment": environment},
        });
        let spans = (0..5).map(|span| {
            json!({
                "trace_id": format!("{number:032x}"), "span_id": format!("{:016x}", number * 8 + span + 1),
                "parent_span_id": format!("{:016x}", number * 8 + 7), "op": "draw", "description": format!("layer {span}"),
                "start_timestamp": at + span as f64 * 0.002, "timestamp": at + span as f64 * 0.002 + 0.001,
            })
        });
        let transaction = json!({
            "event_id": format!("{:032x}", number as u128 + (1 << 102)), "type": "transaction", "platform": "native",
            "transaction": pick(&["paint", "open", "save", "export"], number), "start_timestamp": at, "timestamp": at + took,
            "release": release, "environment": environment, "user": {"id": format!("user-{}", number % 1000)},
            "contexts": {"trace": {"trace_id": format!("{number:032x}"), "span_id": format!("{:016x}", number * 8 + 7), "op": "ui"}},
            "spans": spans.collect::<Vec<_>>(),
        });
        body.clear();
        body.extend_from_slice(b"{}\n");
        for (kind, payload) in [("session", session), ("transaction", transaction)] {
            body.extend_from_slice(format!("{{\"type\":\"{kind}\"}}\n{payload}\n").as_bytes());
        }
    }
}

fn pick<'a>(names: &[&'a str], number: usize) -> &'a str {
    names[number % names.len()]
}

fn event(number: usize, timestamp: f64) -> Value {
    let issue = number % ISSUES;
    let frame = |depth: usize| {
        json!({
            "function": format!("editor::canvas{issue}::layer{depth}::paint"), "in_app": depth > 3,
            "filename": format!("src/canvas{issue}/layer{depth}.rs"), "lineno": 10 * depth + issue,
        })
    };
    json!({
        "event_id": PLACE, "timestamp": timestamp, "platform": "native", "level": "error",
        "release": format!("editor@1.{}.0", number % 5), "environment": pick(&["production", "staging"], number / 6),
        "server_name": format!("desk-{}", number % 20), "transaction": "paint",
        "user": {"id": format!("user-{}", number % 1000), "ip_address": "192.0.2.7"},
        "tags": {
            "renderer": pick(&["gl", "vulkan", "software"], number), "locale": pick(&["en", "de", "fr", "ja"], number),
            "brush": format!("brush-{}", number % 10), "gpu": format!("gpu-{}", number % 25),
        },
        "contexts": {
            "os": {"type": "os", "name": "Linux", "version": "6.1.0", "build": "#1 SMP PREEMPT_DYNAMIC"},
            "device": {"type": "device", "arch": "x86_64", "memory_size": 16_777_216, "model": "Desk"},
            "runtime": {"type": "runtime", "name": "rustc", "version": "1.95.0"},
            "trace": {"trace_id": format!("{number:032x}"), "span_id": format!("{number:016x}")},
        },
        "breadcrumbs": {"values": (0..4).map(|step| json!({
            "timestamp": timestamp - f64::from(step), "category": "ui", "message": format!("pressed button {step}"),
        })).collect::<Vec<_>>()},
        "exception": {"values": [{
            "type": format!("PaintError{issue}"), "value": format!("layer {} has no canvas", number % 97),
            "mechanism": {"type": "generic", "handled": true},
            "stacktrace": {"frames": (0..9).map(frame).collect::<Vec<_>>()},
        }]},
        "sdk": {"name": "sentry.rust", "version": "0.49.5"},
    })
}

/// The event, as large as all are.
fn padded(event: &Value) -> String {
    let mut event = event.clone();
    let missing = SIZE_BYTES.saturating_sub(event.to_string().len() + 20);
    event["extra"] = json!({ "note": "n".repeat(missing) });
    event.to_string()
}
