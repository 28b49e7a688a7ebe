//! Health and durations in the past, looked at in steps.

use std::collections::HashMap;

use super::{Looking, Moment};
use crate::Error;
use crate::alerts::Alert;
use crate::alerts::engine::{Shared, durations, is_below, p95_above_us};
use crate::alerts::firing::Mark;
use crate::alerts::rule::When;
use crate::performance::HOUR_MS;

/// Between two looks.
const STEP_MS: i64 = 3 * HOUR_MS;

impl Looking<'_> {
    pub(super) async fn timed(&mut self) -> Result<(), Error> {
        self.note("The past was looked at every three hours; what lasted for less may be missing.");
        let mut stands: HashMap<String, bool> = HashMap::new();
        // The last look is now.
        let mut at = self.now - (self.now - self.since) / STEP_MS * STEP_MS;
        while at <= self.now {
            if self.is_over() {
                self.note("It took too long: only the first days were looked at.");
                break;
            }
            let passed = match self.rule.rule.when {
                When::CrashFree { .. } => self.health_at(at).await?,
                _ => self.durations_at(at).await?,
            };
            for (subject, alert) in passed {
                let before = stands.insert(subject.clone(), alert.is_some()).unwrap_or(false);
                if let Some(alert) = alert {
                    self.moments.push(Moment {
                        at,
                        subject,
                        mark: Mark::Passed {
                            kept: !before,
                            as_of: at,
                        },
                        alert,
                    });
                }
            }
            at += STEP_MS;
        }
        Ok(())
    }

    async fn health_at(&self, at: i64) -> Result<Vec<(String, Option<Alert>)>, Error> {
        let When::CrashFree {
            below_milli, at_least, ..
        } = self.rule.rule.when
        else {
            return Ok(Vec::new());
        };
        let mut shared = Shared::new(at);
        let figures = shared
            .crash_free(self.database, &self.rule.rule, &self.rule.projects)
            .await?;
        if figures.all == 0 || figures.all < at_least {
            return Ok(Vec::new());
        }
        let alert = is_below(&figures, below_milli)
            .then(|| self.teller(at).crash_free(&self.rule, figures.all, figures.crashed))
            .flatten();
        Ok(vec![("all".to_owned(), alert)])
    }

    async fn durations_at(&self, at: i64) -> Result<Vec<(String, Option<Alert>)>, Error> {
        let When::Duration {
            p95_above_ms, at_least, ..
        } = self.rule.rule.when
        else {
            return Ok(Vec::new());
        };
        let mut shared = Shared::new(at);
        let lists = shared
            .transactions(self.database, &self.rule.rule, &self.rule.projects)
            .await?;
        let teller = self.teller(at);
        let found = lists
            .iter()
            .flat_map(|list| durations(&self.rule.rule, list))
            .filter(|(named, _)| named.figures.transactions >= at_least)
            .map(|(named, p95_us)| {
                let count = named.figures.transactions;
                let alert = (p95_us > p95_above_us(p95_above_ms))
                    .then(|| teller.duration(&self.rule, named.project_id, &named.name, p95_us, count))
                    .flatten();
                (format!("transaction:{}:{}", named.project_id, named.name), alert)
            });
        Ok(found.collect())
    }
}
