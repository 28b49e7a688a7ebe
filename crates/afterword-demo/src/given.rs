//! The answer of a person who is not there: a shell that answers as the command line says.
//!
//! It does what the window does: it waits until the stack is worked out, saves the answer in the store, and says so. Before
//! that it notes what it was asked about, since a report that was sent or deleted is gone.

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use afterword_reporter::dialog::{self, Asked, Details, FromDialog, Language, ToDialog, save_answer};
use afterword_reporter::{Conversation, Shell};
use afterword_store::{AppId, Decision, ReportFile, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::report::TopFrame;

/// Names the file in which the supervisor says what to answer. Inherited by the app and its reporter.
pub(crate) const VARIABLE: &str = "AFTERWORD_DEMO_ANSWER";

/// What to answer, and where to note what was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Given {
    /// Send or not.
    pub(crate) decision: Decision,
    /// The comment.
    pub(crate) comment: Option<String>,
    /// Where the [`Note`] goes.
    pub(crate) note: PathBuf,
}

/// What was asked about, as the reporter had worked it out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) report_id: String,
    pub(crate) event_id: String,
    pub(crate) title: String,
    pub(crate) signature: Option<String>,
    pub(crate) signal: Option<String>,
    pub(crate) top_frame: Option<TopFrame>,
    pub(crate) dump_bytes: u64,
}

/// The shell. Opens only in a process that the supervisor told what to answer.
pub(crate) struct GivenAnswer;

impl Shell for GivenAnswer {
    fn name(&self) -> &'static str {
        "answer given on the command line"
    }

    fn open(&self, asked: &Asked, events: Sender<FromDialog>) -> Result<Box<dyn Conversation>, String> {
        let path = std::env::var_os(VARIABLE).ok_or("none was given")?;
        let given = std::fs::read(&path).map_err(|error| error.to_string())?;
        let given = serde_json::from_slice(&given).map_err(|error| error.to_string())?;
        Ok(Box::new(Answering {
            asked: asked.clone(),
            given,
            events: Some(events),
        }))
    }
}

struct Answering {
    asked: Asked,
    given: Given,
    events: Option<Sender<FromDialog>>,
}

impl Conversation for Answering {
    fn tell(&mut self, message: &ToDialog) {
        if let ToDialog::Details(details) = message
            && let Some(events) = self.events.take()
        {
            if let Err(error) = self.answer(details) {
                log::error!("the given answer is not kept: {error:#}");
            } else if events.send(FromDialog::Answered).is_err() {
                log::error!("the reporter does not listen any more");
            }
        }
    }
}

impl Answering {
    fn answer(&self, details: &Details) -> anyhow::Result<()> {
        // Whole or not at all: the demo looks for it all the time.
        let half = self.given.note.with_extension("half");
        std::fs::write(&half, serde_json::to_vec(&self.note(details)?)?)?;
        std::fs::rename(&half, &self.given.note)?;
        let given = dialog::Given {
            comment: self.given.comment.clone(),
            ..dialog::Given::new(self.given.decision)
        };
        save_answer(&self.asked, Language::English, &given, SystemTime::now().into())?;
        Ok(())
    }

    fn note(&self, details: &Details) -> anyhow::Result<Note> {
        let store = Store::open(&self.asked.store_root, &AppId::new(&self.asked.app)?)?;
        let report = store.report(self.asked.report_id)?;
        let info = report.info().ok();
        let event: Value = report
            .read(ReportFile::Event)?
            .and_then(|event| serde_json::from_slice(&event).ok())
            .unwrap_or_default();
        let exception = event["exception"]["values"].as_array().and_then(|values| values.last());
        let text = |field: &str| {
            exception
                .and_then(|exception| exception[field].as_str())
                .unwrap_or_default()
        };
        let frames = details.stack.as_deref().unwrap_or_default();
        Ok(Note {
            report_id: self.asked.report_id.to_string(),
            event_id: info.map(|info| info.event_id.simple().to_string()).unwrap_or_default(),
            signal: info.and_then(|info| info.signal.clone()),
            title: format!("{}: {}", text("type"), text("value")),
            signature: event["contexts"]["afterword"]["signature"].as_str().map(str::to_owned),
            top_frame: frames.iter().find(|frame| frame.in_app).map(|frame| TopFrame {
                function: frame.function.clone(),
                file: frame.file.clone(),
                line: frame.line,
            }),
            dump_bytes: report
                .files()?
                .iter()
                .find(|file| file.name == ReportFile::Minidump.name())
                .map_or(0, |file| file.size_bytes),
        })
    }
}
