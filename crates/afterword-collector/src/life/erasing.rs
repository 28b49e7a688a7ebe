//! Deletions of what is of a person, in the background, for who wants to see how far they are. Known to the collector that
//! does them, until it ends: one that did not come to its end is asked for again, which goes on where it was.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::person::{self, Deleted, Named};
use crate::api::Failure;
use crate::error::chain;
use crate::{App, now_ms};

/// How many are remembered.
const MAX_KEPT: usize = 20;

/// How many may be under way.
const MAX_UNDER_WAY: usize = 4;

/// One of them. Who it is about is not kept.
#[derive(Debug, Clone)]
pub(crate) struct Erasure {
    id: u64,
    pub(crate) organization_id: i64,
    pub(crate) by: String,
    pub(crate) asked_at: i64,
    /// In how many projects it is looked, and in how many that is done.
    pub(crate) projects: usize,
    pub(crate) projects_done: usize,
    /// What is deleted so far.
    pub(crate) deleted: Deleted,
    pub(crate) state: State,
}

/// How far one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    UnderWay,
    Done,
    /// The log says why.
    Failed,
}

/// All that this collector knows of; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Erasures {
    kept: Arc<Mutex<VecDeque<Erasure>>>,
}

impl Erasures {
    /// Those of an organisation, the latest first.
    pub(crate) fn of(&self, organization_id: i64) -> Vec<Erasure> {
        let kept = self.lock();
        let of = kept
            .iter()
            .rev()
            .filter(|erasure| erasure.organization_id == organization_id);
        of.cloned().collect()
    }

    /// Begins one.
    ///
    /// # Errors
    /// 409 if too many are under way.
    pub(crate) fn begin(
        &self,
        app: &App,
        organization_id: i64,
        projects: Vec<i64>,
        named: Named,
        by: String,
    ) -> Result<(), Failure> {
        let id = {
            let mut kept = self.lock();
            let under_way = kept.iter().filter(|erasure| erasure.state == State::UnderWay);
            if under_way.count() >= MAX_UNDER_WAY {
                return Err(Failure::Conflict(
                    "Other deletions are under way: wait until one is done".to_owned(),
                ));
            }
            if kept.len() >= MAX_KEPT {
                let done = kept.iter().position(|erasure| erasure.state != State::UnderWay);
                done.map(|at| kept.remove(at));
            }
            let id = kept.back().map_or(1, |last| last.id + 1);
            kept.push_back(Erasure {
                id,
                organization_id,
                by,
                asked_at: now_ms(),
                projects: projects.len(),
                projects_done: 0,
                deleted: Deleted::default(),
                state: State::UnderWay,
            });
            id
        };
        let (erasures, app) = (self.clone(), app.clone());
        tokio::spawn(async move { erasures.run(&app, id, &projects, &named).await });
        Ok(())
    }

    async fn run(&self, app: &App, id: u64, projects: &[i64], named: &Named) {
        for project in projects {
            match person::delete(app, &[*project], named).await {
                Ok(deleted) => self.change(id, |erasure| {
                    erasure.deleted.add(&deleted);
                    erasure.projects_done += 1;
                }),
                Err(error) => {
                    tracing::error!(error = chain(&error), "could not delete what is of a person");
                    self.change(id, |erasure| erasure.state = State::Failed);
                    return;
                }
            }
        }
        self.change(id, |erasure| {
            erasure.state = State::Done;
            tracing::info!(by = erasure.by, deleted = ?erasure.deleted, "deleted what was of a person");
        });
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Erasure)) {
        if let Some(erasure) = self.lock().iter_mut().find(|erasure| erasure.id == id) {
            change(erasure);
        }
    }

    /// Each change is one step, so that a panic of another thread leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Erasure>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
