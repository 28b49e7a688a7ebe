//! There is no asking in a terminal on Windows: the reporter has no console, and the app's is its shell's again.

use std::sync::mpsc::Sender;

use afterword_channel::Hello;
use afterword_dialog::{Asked, FromDialog};

use super::{Conversation, Shell};

pub(super) struct Terminal;

impl Terminal {
    pub(super) fn of(_hello: &Hello, _app_pid: u32) -> Terminal {
        Terminal
    }
}

impl Shell for Terminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    fn open(&self, _asked: &Asked, _events: Sender<FromDialog>) -> Result<Box<dyn Conversation>, String> {
        Err("the reporter has no console".to_owned())
    }
}
