//! The threads of an event.

use super::stack::StackView;
use crate::event::{Event, Thread};
use crate::pages::room::{Room, short, weight};

/// The longest name, in characters.
const MAX_NAME: usize = 80;

/// What one of many threads may take of a page, in bytes.
const EACH_BYTES: usize = 4 << 10;

/// A thread to show.
#[derive(Debug)]
pub(super) struct ThreadView {
    /// Its place in the event, from 0.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) id: String,
    /// `crashed`, `current`; or nothing.
    pub(super) mark: Option<&'static str>,
    /// Its stack is the one that the page is about.
    pub(super) is_main: bool,
    /// What it was doing.
    pub(super) label: Option<String>,
    pub(super) stack: StackView,
}

impl ThreadView {
    fn of(event: &Event, index: usize, thread: &Thread, main: Option<*const Thread>) -> Self {
        let is_main = main == Some(std::ptr::from_ref(thread));
        let label = thread.stack.top_frame().and_then(|frame| frame.label());
        let mark = match () {
            () if thread.crashed => Some("crashed"),
            () if is_main && event.is_native_crash() => Some("crashed"),
            () if thread.current => Some("current"),
            () => None,
        };
        Self {
            index,
            name: thread
                .name
                .as_deref()
                .map_or(String::new(), |name| short(name, MAX_NAME)),
            id: thread.id.as_deref().map_or(String::new(), |id| short(id, 24)),
            mark,
            is_main,
            label: label.map(|label| short(&label, 100)),
            stack: StackView::other(&thread.stack, Room::of(EACH_BYTES)),
        }
    }

    pub(super) fn weight(&self) -> usize {
        let frames = self.stack.runs.iter().flat_map(|run| &run.frames);
        let texts = weight(&self.name) + weight(&self.id) + self.label.as_deref().map_or(0, weight);
        500 + texts + frames.map(super::stack::FrameView::weight).sum::<usize>()
    }

    /// `“worker” (17)`
    pub(super) fn title(&self) -> String {
        match (self.name.as_str(), self.id.as_str()) {
            ("", "") => format!("number {}", self.index + 1),
            ("", id) => id.to_owned(),
            (name, "") => format!("“{name}”"),
            (name, id) => format!("“{name}” ({id})"),
        }
    }
}

/// All threads in their order.
pub(super) fn all(event: &Event) -> Vec<ThreadView> {
    let main = event.crashed_thread().map(std::ptr::from_ref);
    let threads = event.threads.iter().enumerate();
    threads
        .map(|(index, thread)| ThreadView::of(event, index, thread, main))
        .collect()
}

/// Those that the page of the event shows: the one that crashed first, in a bounded room; and how many there are besides.
pub(super) fn some(event: &Event, mut room: Room) -> (Vec<ThreadView>, usize) {
    let mut threads = all(event);
    threads.sort_by_key(|thread| !(thread.is_main || thread.mark.is_some()));
    room.fit(threads, ThreadView::weight)
}
