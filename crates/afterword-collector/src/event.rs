//! An event as it is read for grouping and for pages: never wrong, at most poor.
//!
//! A client may send anything under any name. What has an expected shape is taken, a number or a truth where a text was
//! expected is written out, the rest is as if it were not there. Nothing of this is ever stored in place of what came:
//! the payload is kept byte for byte and read again each time, so that a better reader sees more in old events.
//!
//! Every list and text is bounded; what is beyond a bound is in the raw payload only.
//!
//! Source: <https://develop.sentry.dev/sdk/data-model/event-payloads/>.

mod logentry;
mod read;
mod stack;
mod summary;
#[cfg(test)]
mod tests;
mod whole;

use serde_json::Value;

use read::{entries, first_text, list, newest, text};
pub(crate) use read::{parse_time, parse_time_us};
pub(crate) use stack::{Exception, Frame, Stack, Thread};
pub(crate) use whole::{Source, Whole};

/// One event.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) level: String,
    pub(crate) platform: String,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) server_name: Option<String>,
    pub(crate) transaction: Option<String>,
    /// Milliseconds since 1970, by the client's clock.
    pub(crate) occurred_at: Option<i64>,
    pub(crate) message: Option<String>,
    /// The message with places for its parameters, where the client sends both apart.
    pub(crate) template: Option<String>,
    pub(crate) logger: Option<String>,
    pub(crate) fingerprint: Vec<String>,
    /// The cause first, what was caught or crashed last.
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) threads: Vec<Thread>,
    /// A stack that belongs to neither an exception nor a thread.
    pub(crate) stack: Stack,
    pub(crate) modules: Vec<Module>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) breadcrumbs: Vec<Breadcrumb>,
    pub(crate) contexts: Vec<Section>,
    pub(crate) user: Vec<(String, String)>,
    pub(crate) extra: Vec<(String, String)>,
    /// Name and version of the client.
    pub(crate) sdk: Option<String>,
}

/// A named group of fields: one context.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// Something that happened before the event.
#[derive(Debug, Default)]
pub(crate) struct Breadcrumb {
    /// Milliseconds since 1970.
    pub(crate) at: Option<i64>,
    pub(crate) category: Option<String>,
    pub(crate) level: String,
    pub(crate) message: Option<String>,
    pub(crate) data: Vec<(String, String)>,
}

/// An executable or library that was loaded.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) address: Option<String>,
    pub(crate) debug_id: Option<String>,
    /// This and the next are of a [`Whole`] event only.
    pub(crate) code_id: Option<String>,
    /// What is said of its symbols: `found`, `missing`, `unused`, `malformed`.
    pub(crate) symbols: Option<String>,
}

impl Event {
    /// Reads a payload.
    pub(crate) fn read(raw: &Value) -> Self {
        Self {
            level: first_text(raw, &["level"]).unwrap_or_else(|| "error".to_owned()),
            platform: first_text(raw, &["platform"]).unwrap_or_else(|| "other".to_owned()),
            release: first_text(raw, &["release"]),
            environment: first_text(raw, &["environment"]),
            server_name: first_text(raw, &["server_name"]),
            transaction: first_text(raw, &["transaction"]),
            occurred_at: raw.get("timestamp").and_then(parse_time),
            message: message(raw),
            template: template(raw),
            logger: first_text(raw, &["logger"]),
            fingerprint: list(raw.get("fingerprint")).filter_map(text).collect(),
            exceptions: list(raw.get("exception")).map(Exception::read).collect(),
            threads: list(raw.get("threads")).map(Thread::read).collect(),
            stack: Stack::read(raw.get("stacktrace")),
            modules: list(raw.pointer("/debug_meta/images"))
                .filter_map(Module::read)
                .collect(),
            tags: tags(raw.get("tags")),
            breadcrumbs: newest(raw.get("breadcrumbs")).map(Breadcrumb::read).collect(),
            contexts: contexts(raw.get("contexts")),
            user: entries(raw.get("user")),
            extra: entries(raw.get("extra")),
            sdk: sdk(raw.get("sdk")),
        }
    }

    /// What was caught or crashed.
    pub(crate) fn exception(&self) -> Option<&Exception> {
        self.exceptions.last()
    }

    /// The thread it happened on: the one that says so, else the one the exception names, else the current one.
    pub(crate) fn crashed_thread(&self) -> Option<&Thread> {
        let named = self.exception().and_then(|exception| exception.thread_id.as_deref());
        let find = |is: &dyn Fn(&Thread) -> bool| self.threads.iter().find(|thread| is(thread));
        find(&|thread| thread.crashed)
            .or_else(|| find(&|thread| named.is_some() && thread.id.as_deref() == named))
            .or_else(|| find(&|thread| thread.current))
    }

    /// The stack that tells where it happened; empty if there is none.
    pub(crate) fn main_stack(&self) -> &Stack {
        let of_exception = self.exception().map(|exception| &exception.stack);
        let of_thread = self.crashed_thread().map(|thread| &thread.stack);
        [of_exception, of_thread]
            .into_iter()
            .flatten()
            .find(|stack| !stack.frames.is_empty())
            .unwrap_or(&self.stack)
    }

    /// The registers at the crash, if anything has them.
    pub(crate) fn registers(&self) -> &[(String, String)] {
        let of_exception = self.exception().map(|exception| &exception.stack);
        let of_thread = self.crashed_thread().map(|thread| &thread.stack);
        let stacks = [of_exception, of_thread, Some(&self.stack)];
        stacks
            .into_iter()
            .flatten()
            .map(|stack| stack.registers.as_slice())
            .find(|list| !list.is_empty())
            .unwrap_or(&[])
    }

    /// A field of a context.
    pub(crate) fn context(&self, name: &str, field: &str) -> Option<&str> {
        let context = self.contexts.iter().find(|context| context.name == name)?;
        context
            .fields
            .iter()
            .find(|(key, _)| key == field)
            .map(|(_, value)| value.as_str())
    }
}

impl Breadcrumb {
    fn read(raw: &Value) -> Self {
        Self {
            at: raw.get("timestamp").and_then(parse_time),
            category: first_text(raw, &["category", "type"]),
            level: first_text(raw, &["level"]).unwrap_or_else(|| "info".to_owned()),
            message: first_text(raw, &["message"]).or_else(|| if raw.is_object() { None } else { text(raw) }),
            data: entries(raw.get("data")),
        }
    }
}

impl Module {
    fn read(raw: &Value) -> Option<Self> {
        let path = first_text(raw, &["code_file", "name", "debug_file"])?;
        Some(Self {
            name: stack::file_name(&path).to_owned(),
            path,
            address: first_text(raw, &["image_addr"]),
            debug_id: first_text(raw, &["debug_id", "uuid"]),
            code_id: None,
            symbols: None,
        })
    }
}

/// `logentry` with its parameters filled in, else `message`; both may be a text or an object.
fn message(raw: &Value) -> Option<String> {
    ["logentry", "message", "sentry.interfaces.Message"]
        .iter()
        .find_map(|name| {
            let message = raw.get(*name)?;
            if message.is_object() {
                logentry::message(message)
            } else {
                text(message)
            }
        })
}

/// What the message was made of, if it was made of something.
fn template(raw: &Value) -> Option<String> {
    let message = raw.get("logentry").or_else(|| raw.get("message"))?;
    let has_parameters = message.get("params").is_some_and(|params| !params.is_null());
    let is_filled_in = has_parameters || message.get("formatted").is_some_and(Value::is_string);
    is_filled_in.then(|| first_text(message, &["message"])).flatten()
}

/// An object, a list of pairs, or a list of `{key, value}`.
fn tags(raw: Option<&Value>) -> Vec<(String, String)> {
    match raw {
        Some(Value::Array(_)) => list(raw)
            .filter_map(|tag| match tag {
                Value::Array(pair) => Some((text(pair.first()?)?, text(pair.get(1)?)?)),
                _ => Some((first_text(tag, &["key"])?, first_text(tag, &["value"])?)),
            })
            .collect(),
        _ => entries(raw),
    }
}

fn contexts(raw: Option<&Value>) -> Vec<Section> {
    let Some(Value::Object(contexts)) = raw else {
        return Vec::new();
    };
    let contexts = contexts
        .iter()
        .take(read::MAX_ENTRIES)
        .filter(|(_, fields)| !fields.is_null());
    contexts
        .map(|(name, value)| {
            let fields = match text(value) {
                Some(text) if !value.is_object() => vec![("value".to_owned(), text)],
                _ => entries(Some(value)),
            };
            let fields = fields.into_iter().filter(|(key, _)| key != "type").collect();
            Section {
                name: read::cut(name),
                fields,
            }
        })
        .filter(|section: &Section| !section.fields.is_empty())
        .collect()
}

fn sdk(raw: Option<&Value>) -> Option<String> {
    let name = first_text(raw?, &["name"])?;
    Some(match first_text(raw?, &["version"]) {
        Some(version) => format!("{name} {version}"),
        None => name,
    })
}
