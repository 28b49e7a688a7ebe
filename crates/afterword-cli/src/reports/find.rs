//! Finding reports: whose, and by the beginning of an id.

use std::path::PathBuf;
use std::str::FromStr;

use afterword_store::{AbnormalEnd, AppId, Report, ReportId, Store};
use anyhow::{Context, anyhow};

use crate::args::Whose;
use crate::failure::{Result, chain};

/// The beginning of a report's id, or all of it, with or without dashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdPrefix(String);

impl FromStr for IdPrefix {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let digits = text.replace('-', "").to_ascii_lowercase();
        if digits.is_empty() || digits.len() > 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(
                "a report's id is made of the digits 0-9 and a-f; `afterword reports list` shows them".to_owned(),
            );
        }
        Ok(IdPrefix(digits))
    }
}

impl IdPrefix {
    fn fits(&self, id: ReportId) -> bool {
        id.uuid().simple().to_string().starts_with(&self.0)
    }
}

/// The stores asked for.
pub(super) struct Stores {
    pub(super) root: PathBuf,
    stores: Vec<Store>,
    /// The apps whose store cannot be opened, and why.
    unread: Vec<String>,
}

/// The reports that could be read, and why others could not.
pub(super) struct Reports {
    /// Newest first.
    pub(super) found: Vec<Found>,
    /// A line for each app whose reports are not among them.
    pub(super) unread: Vec<String>,
}

/// A report and the store it is in.
pub(super) struct Found {
    pub(super) store: Store,
    pub(super) report: Report,
}

impl Found {
    /// Enough of the id to be typed.
    pub(super) fn short_id(&self) -> String {
        short_id(self.report.id())
    }
}

/// Enough of an id for people. Eight digits are as good as unique among the few dozens that are kept.
pub(super) fn short_id(id: ReportId) -> String {
    id.uuid().simple().to_string()[..8].to_owned()
}

impl Stores {
    /// Opens the stores that are there; makes none.
    pub(super) fn open(whose: &Whose) -> Result<Stores> {
        let root = match &whose.store {
            Some(root) => root.clone(),
            None => Store::default_root().context("say where the reports are with --store DIR")?,
        };
        let mut apps = Store::apps(&root)?;
        if let Some(app) = &whose.app {
            if !apps.contains(app) {
                return Err(unknown_app(app, &apps, &root).into());
            }
            apps = vec![app.clone()];
        }
        // One bad folder hides nobody else's reports.
        let (mut stores, mut unread) = (Vec::new(), Vec::new());
        for app in &apps {
            match Store::open(&root, app) {
                Ok(store) => stores.push(store),
                Err(error) => unread.push(not_read(app, &error)),
            }
        }
        Ok(Stores { root, stores, unread })
    }

    /// The stores that could be opened.
    pub(super) fn opened(&self) -> &[Store] {
        &self.stores
    }

    /// A line for each app whose store cannot be opened.
    pub(super) fn unread(&self) -> &[String] {
        &self.unread
    }

    /// The abnormal ends that were seen, the newest first. What cannot be read says nothing here.
    pub(super) fn abnormal_ends(&self) -> Vec<AbnormalEnd> {
        let mut ends: Vec<AbnormalEnd> = self
            .stores
            .iter()
            .flat_map(|store| store.abnormal_ends().unwrap_or_default())
            .collect();
        ends.sort_by_key(|end| std::cmp::Reverse(end.found_at));
        ends
    }

    /// All reports that can be read.
    pub(super) fn reports(&self) -> Reports {
        let (mut found, mut unread) = (Vec::new(), self.unread.clone());
        for store in &self.stores {
            match store.reports() {
                Ok(reports) => found.extend(reports.into_iter().map(|report| Found {
                    store: store.clone(),
                    report,
                })),
                Err(error) => unread.push(not_read(store.app(), &error)),
            }
        }
        found.sort_by_key(|found: &Found| std::cmp::Reverse(found.report.captured_at()));
        Reports { found, unread }
    }

    /// The one report whose id begins so.
    pub(super) fn find(&self, prefix: &IdPrefix) -> Result<Found> {
        let Reports {
            found: mut fitting,
            unread,
        } = self.reports();
        fitting.retain(|found| prefix.fits(found.report.id()));
        match fitting.len() {
            0 => {
                let unread: String = unread.iter().map(|why| format!("\n{why}")).collect();
                Err(anyhow!(
                    "there is no report whose id begins with {} in {}; `afterword reports list` shows those there are{unread}",
                    prefix.0,
                    self.root.display()
                ))?
            }
            1 => Ok(fitting.remove(0)),
            count => {
                let ids: Vec<String> = fitting
                    .iter()
                    .take(5)
                    .map(|found| found.report.id().to_string())
                    .collect();
                Err(anyhow!(
                    "{count} reports have an id that begins with {}; give more of it: {}",
                    prefix.0,
                    ids.join(", ")
                ))?
            }
        }
    }
}

fn not_read(app: &AppId, error: &afterword_store::Error) -> String {
    format!("the reports of {app} cannot be read: {}", chain(error))
}

fn unknown_app(app: &AppId, apps: &[AppId], root: &std::path::Path) -> anyhow::Error {
    let root = root.display();
    let known: Vec<&str> = apps.iter().map(AppId::as_str).collect();
    if known.is_empty() {
        anyhow!(
            "{app} has no reports, and neither has any other app: there are none in {root}; another place is named with --store DIR"
        )
    } else {
        anyhow!("there is no app {app} in {root}; there are: {}", known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_read_with_and_without_dashes() {
        let id: ReportId = "3f9a1b2c-0000-4000-8000-00000000abcd".parse().unwrap();
        for good in [
            "3",
            "3F9A",
            "3f9a1b2c-00",
            "3f9a1b2c00004000",
            "3f9a1b2c-0000-4000-8000-00000000abcd",
        ] {
            assert!(good.parse::<IdPrefix>().unwrap().fits(id), "{good}");
        }
        assert!(!"f".parse::<IdPrefix>().unwrap().fits(id));
        for bad in ["", "-", "../x", "xyz", "3f9a1b2c-0000-4000-8000-00000000abcde"] {
            assert!(bad.parse::<IdPrefix>().is_err(), "{bad}");
        }
        assert_eq!(short_id(id), "3f9a1b2c");
    }
}
