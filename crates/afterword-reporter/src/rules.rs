//! What an app wants done with its crashes before anybody sees them: its `before_send` for what it does not survive. The
//! rules are data of its [`Identity`](afterword_channel::Identity), and count as the running app gives them, also for
//! reports that an earlier run left.
//!
//! # Drop
//!
//! A report is dropped when one [`DropRule`] holds for the stack that was worked out: all that the rule says does. Its
//! `signature` is compared with the whole signature; its `module` with the file name of the module of every frame of the
//! thread that crashed, of which one is enough, whatever the case of its letters. `*` stands for any text, everything else
//! for itself. What says nothing, or has an empty pattern, holds for nothing.
//!
//! That is looked at before a person is asked, and before anything is sent without asking. What a person has agreed to send
//! is not dropped, and neither is a report whose stack cannot be worked out. What is dropped is deleted and counted as a
//! loss, `before_send`.
//!
//! What is to be taken out of texts is another matter: [`secrets`](crate::secrets).
//!
//! # Bounds
//!
//! [`MAX_RULES`] rules with patterns of [`MAX_PATTERN_BYTES`]: what is more is left out, and the journal says so.

mod pattern;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use afterword_channel::{CrashRules, DropRule};
use afterword_store::{Category, LossReason, ReportId, Store};
use afterword_symbols::ProcessedCrash;

use crate::assemble::assemble;
use crate::error::chain;
use crate::secrets::{MAX_PATTERN_BYTES, MAX_RULES};
use pattern::fits;

/// Drops a report, if a rule says so. False also where its stack cannot be worked out: what nobody has looked at is not
/// thrown away.
pub(crate) fn drop_report(store: &Store, id: ReportId, rules: &CrashRules) -> bool {
    if rules.drop.is_empty() {
        return false;
    }
    // An odd dump must not keep the others from being asked about.
    let assembled = match catch_unwind(AssertUnwindSafe(|| assemble(store, id))) {
        Ok(Ok(assembled)) => assembled,
        Ok(Err(error)) => {
            log::warn!("report {id} is not dropped: {}", chain(&error));
            return false;
        }
        Err(_) => {
            log::error!("report {id} is not dropped: working out the stack panicked");
            return false;
        }
    };
    let Some(crash) = assembled.crash.filter(|crash| drops_crash(rules, crash)) else {
        return false;
    };
    if let Err(error) = store.delete(id) {
        log::error!("report {id} was to be dropped: {}", chain(&error));
        return false;
    }
    log::info!("report {id} is dropped by a rule of the app: {}", crash.signature);
    if let Err(error) = store.count_loss(LossReason::BeforeSend, Category::Error, 1) {
        log::warn!("report {id} is dropped and not counted: {}", chain(&error));
    }
    true
}

fn drops_crash(rules: &CrashRules, crash: &ProcessedCrash) -> bool {
    if rules.drop.len() > MAX_RULES {
        let surplus = rules.drop.len() - MAX_RULES;
        log::warn!("{surplus} rules to drop are left out: {MAX_RULES} count");
    }
    rules.drop.iter().take(MAX_RULES).any(|rule| holds(rule, crash))
}

fn holds(rule: &DropRule, crash: &ProcessedCrash) -> bool {
    let said = |pattern: &Option<String>| pattern.as_ref().is_some_and(|pattern| !pattern.is_empty());
    if !said(&rule.signature) && !said(&rule.module) {
        return false;
    }
    let signature = match &rule.signature {
        Some(pattern) => is_bounded(pattern) && fits(pattern, &crash.signature),
        None => true,
    };
    let module = match &rule.module {
        Some(pattern) => {
            let pattern = pattern.to_lowercase();
            let frames = crash.crashed_thread().map(|thread| thread.frames.as_slice());
            let mut modules = frames
                .unwrap_or_default()
                .iter()
                .filter_map(|frame| frame.module.as_deref());
            is_bounded(&pattern) && modules.any(|module| fits(&pattern, &module.to_lowercase()))
        }
        None => true,
    };
    signature && module
}

fn is_bounded(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.len() <= MAX_PATTERN_BYTES
}
