//! The crasher as its own reporter, and as the person who answers it.

use std::sync::mpsc::Sender;

use afterword_reporter::dialog::{Asked, FromDialog, Given, Language, ToDialog, save_answer};
use afterword_reporter::{Conversation, Reporter, Shell};
use afterword_store::Decision;

use crate::faults;

pub(crate) fn run_if_asked() {
    if std::env::args()
        .nth(1)
        .is_some_and(|first| first.starts_with("--afterword-re"))
    {
        faults::of_reporter();
    }
    Reporter::new().shell(GivenAnswer).run_if_asked();
}

/// The person of a test that has one: `CRASHER_ANSWER` is `send`, `cancel` (right after it), `restart` (and send),
/// `dont-send` or `later`.
struct GivenAnswer;

impl Shell for GivenAnswer {
    fn name(&self) -> &'static str {
        "test"
    }

    fn open(&self, asked: &Asked, events: Sender<FromDialog>) -> Result<Box<dyn Conversation>, String> {
        let answer = std::env::var("CRASHER_ANSWER").map_err(|_| "no answer is given".to_owned())?;
        let restart = answer == "restart";
        let decision = match answer.as_str() {
            "send" | "cancel" | "restart" => Some(Decision::Send),
            "dont-send" => Some(Decision::DontSend),
            _ => None,
        };
        if let Some(decision) = decision {
            let given = Given {
                comment: Some("it was wet".to_owned()),
                restart,
                ..Given::new(decision)
            };
            save_answer(asked, Language::English, &given, std::time::SystemTime::now().into())
                .map_err(|e| e.to_string())?;
            events.send(FromDialog::Answered).map_err(|e| e.to_string())?;
            if answer == "cancel" {
                events.send(FromDialog::Cancel).map_err(|e| e.to_string())?;
            }
        }
        events.send(FromDialog::Closed).map_err(|e| e.to_string())?;
        Ok(Box::new(Silent))
    }
}

struct Silent;

impl Conversation for Silent {
    fn tell(&mut self, _message: &ToDialog) {}
}
