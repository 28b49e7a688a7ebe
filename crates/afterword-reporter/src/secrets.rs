//! Secrets in what the app hands over: taken out of a report before it is stored, so that whoever is asked sees what is sent.
//!
//! # What is looked for
//! Secrets of the kinds of [`Secret`](afterword_channel::Secret), unless the app says that they stay ([`Secrets`]): by their
//! shape (`shapes`, `pem`, `address`, `url`), or by the name before them (`named`). What the app's own expressions find
//! ([`RedactRule`]). Those come first.
//!
//! # Where
//! The texts of an event (`event`): message, values of exceptions, tags, contexts, breadcrumbs, extra, request, user and the
//! like, but for fields that say what finds it. The message of a panic. Other JSON that was captured, and attached files of
//! text (`envelope`, `file`). Not in a minidump: sanitised, it has no texts; with *full stacks* it has, and nothing reaches into
//! it. Not in what a person writes into a form.
//!
//! # When
//! In the reporter, never in the app: for a crash between the dump and the store, for what was captured while the outbox is
//! drained, before anything of it is a file of the store. Until then it lies in the run's folder, as the app said it.
//!
//! # What stays in its place
//! A mark, `[removed: e-mail address]`. How many there are is told with what else was removed from the report; of captured
//! events in `contexts.afterword.removed`.
//!
//! # Bounds
//! What is looked for by us takes time in proportion to the text. Expressions of an app are of the same kind each, but there may
//! be [`MAX_RULES`], and the crashing app is waiting: where they take longer than [`REDACTION_TIME`], all texts are taken out
//! whole, and so they are where looking panics. Patterns of [`MAX_PATTERN_BYTES`], expressions of [`MAX_EXPRESSION_BYTES`] once
//! compiled: what is more, or is no regular expression, is left out, and the journal says so.

mod address;
mod envelope;
mod event;
mod file;
mod named;
mod pem;
mod shapes;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod url;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use afterword_channel::{Identity, RedactRule, Secret, Secrets};
use afterword_store::EnvelopeClass;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use event::{Cleaner, Doing, TAKEN_OUT};
use tally::{NOT_LOOKED_THROUGH, Tally};
use text::Kinds;

pub(crate) const MAX_RULES: usize = 100;
pub(crate) const MAX_PATTERN_BYTES: usize = 4096;
const MAX_EXPRESSION_BYTES: usize = 1024 * 1024;
const REDACTION_TIME: Duration = Duration::from_secs(2);
/// A replacement for every second letter must not fill a memory.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// What one app wants taken out of texts. Cheap to make and to copy: expressions are compiled when they are first needed.
#[derive(Debug, Clone)]
pub(crate) struct Redactor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kinds: Kinds,
    rules: Vec<RedactRule>,
    own: OnceLock<Vec<Own>>,
}

/// A rule of the app, ready to be used.
#[derive(Debug)]
struct Own {
    name: String,
    expression: Regex,
    mark: String,
}

impl Redactor {
    /// As the app says.
    pub(crate) fn of(app: &Identity) -> Redactor {
        Redactor::new(&app.rules.redact, &app.secrets)
    }

    fn new(rules: &[RedactRule], secrets: &Secrets) -> Redactor {
        let kinds = Secret::ALL
            .into_iter()
            .filter(|kind| !secrets.off && !secrets.keep.contains(kind));
        Redactor(Arc::new(Inner {
            kinds: kinds.fold(Kinds::NONE, Kinds::with),
            rules: rules.to_vec(),
            own: OnceLock::new(),
        }))
    }

    fn kinds(&self) -> Kinds {
        self.0.kinds
    }

    fn is_idle(&self) -> bool {
        self.0.kinds == Kinds::NONE && self.0.rules.is_empty()
    }

    /// Cleans a report that is being made: its event, and other texts about it. Returns what to tell the person.
    pub(crate) fn report(&self, event: &mut Value, texts: &mut [Option<String>]) -> Vec<String> {
        if self.is_idle() {
            return Vec::new();
        }
        let (redactor, mut copy) = (self.clone(), (event.clone(), texts.to_vec()));
        let cleaned = self.within_time(move || {
            let mut cleaner = Cleaner {
                doing: Doing::Clean(&redactor),
                tally: Tally::default(),
            };
            cleaner.event(&mut copy.0);
            copy.1.iter_mut().flatten().for_each(|text| cleaner.text(text));
            (copy, cleaner.tally.lines())
        });
        match cleaned {
            Ok((copy, removed)) => {
                *event = copy.0;
                texts.clone_from_slice(&copy.1);
                removed
            }
            Err(why) => {
                log::warn!("all texts are taken out: {why}");
                let mut cleaner = Cleaner {
                    doing: Doing::TakeOut,
                    tally: Tally::default(),
                };
                cleaner.event(event);
                texts.iter_mut().flatten().for_each(|text| cleaner.text(text));
                vec![NOT_LOOKED_THROUGH.to_owned()]
            }
        }
    }

    /// Cleans what was captured, before it is kept.
    pub(crate) fn envelope(&self, class: EnvelopeClass, envelope: Vec<u8>) -> Vec<u8> {
        if self.is_idle() || matches!(class, EnvelopeClass::Session | EnvelopeClass::ClientReport) {
            return envelope;
        }
        let (redactor, envelope) = (self.clone(), Arc::new(envelope));
        let shared = envelope.clone();
        let cleaned = self.within_time(move || envelope::clean(&shared, Doing::Clean(&redactor)));
        let cleaned = cleaned.unwrap_or_else(|why| {
            log::warn!("all texts of what was captured are taken out: {why}");
            // What is neither JSON nor text cannot be the reason.
            Some(envelope::clean(&envelope, Doing::TakeOut).unwrap_or_default())
        });
        cleaned.unwrap_or_else(|| Arc::unwrap_or_clone(envelope))
    }

    /// An expression of the app cannot be interrupted: what takes too long is left to itself, and ends one day.
    fn within_time<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
        if self.0.rules.is_empty() {
            return catch_unwind(AssertUnwindSafe(work)).map_err(|_| "looking through them panicked".to_owned());
        }
        let (done_tx, done) = channel();
        thread::Builder::new()
            .name("redact".to_owned())
            // Nobody waits any more when it took too long.
            .spawn(move || done_tx.send(work()).ok())
            .map_err(|error| error.to_string())?;
        done.recv_timeout(REDACTION_TIME)
            .map_err(|_| "looking through them took too long, or failed".to_owned())
    }

    /// Replaces what the app's own rules find.
    fn replace_own(&self, text: &mut String, tally: &mut Tally) {
        for rule in self.own() {
            let mut times = 0;
            let replaced = rule.expression.replace_all(text, |_: &regex::Captures<'_>| {
                times += 1;
                rule.mark.as_str()
            });
            if let Cow::Owned(replaced) = replaced {
                *text = replaced;
                tally.count_rule(&rule.name, times);
                if text.len() > MAX_TEXT_BYTES {
                    return TAKEN_OUT.clone_into(text);
                }
            }
        }
    }

    /// Those that are within the bounds; the journal tells of the others.
    fn own(&self) -> &[Own] {
        self.0.own.get_or_init(|| {
            let rules = &self.0.rules;
            if rules.len() > MAX_RULES {
                let surplus = rules.len() - MAX_RULES;
                log::warn!("{surplus} rules to redact are left out: {MAX_RULES} count");
            }
            let rules = rules.iter().take(MAX_RULES).enumerate();
            rules
                .filter_map(|(index, rule)| match expression(&rule.pattern) {
                    Ok(expression) => Some(Own {
                        name: bounded(rule.name.as_deref().unwrap_or_default(), 100).to_owned(),
                        expression,
                        mark: bounded(&rule.mark(), MAX_PATTERN_BYTES).to_owned(),
                    }),
                    Err(why) => {
                        log::warn!("rule {index} to redact is left out: {why}");
                        None
                    }
                })
                .collect()
        })
    }
}

impl Cleaner<'_> {
    /// A file: the app's rules are for lines.
    fn file(&mut self, text: &mut String) {
        let redactor = match self.doing {
            Doing::Clean(redactor) => redactor,
            Doing::TakeOut => return TAKEN_OUT.clone_into(text),
        };
        if !redactor.own().is_empty() {
            let lines = text.split_inclusive('\n').map(|line| {
                let mut words = line.trim_end_matches(['\r', '\n']).to_owned();
                let end = &line[words.len()..];
                redactor.replace_own(&mut words, &mut self.tally);
                words + end
            });
            *text = lines.collect();
        }
        text::replace(text, redactor.kinds(), &mut self.tally);
    }
}

fn bounded(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn expression(pattern: &str) -> Result<Regex, String> {
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!(
            "its pattern is empty, or longer than {MAX_PATTERN_BYTES} bytes"
        ));
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_EXPRESSION_BYTES)
        .build()
        .map_err(|error| error.to_string())
}
