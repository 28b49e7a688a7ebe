//! A stack as people read it: newest first, what belongs to the application in front, repetition folded.

use crate::event::{Frame, Stack};

/// More frames than this are folded away.
const SHOWN: usize = 50;

/// A stack to show.
#[derive(Debug, Default)]
pub(super) struct StackView {
    pub(super) shown: Vec<FrameView>,
    /// Behind a click.
    pub(super) folded: Vec<FrameView>,
}

/// A frame to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FrameView {
    pub(super) in_app: bool,
    pub(super) inline: bool,
    /// The frame to look at first.
    pub(super) top: bool,
    pub(super) function: String,
    pub(super) named: bool,
    /// `src/canvas.rs:42`
    pub(super) place: Option<String>,
    /// The whole path.
    pub(super) path: String,
    pub(super) package: Option<String>,
    pub(super) address: Option<String>,
    /// How the frame was found, where that is a reason to doubt it.
    pub(super) doubt: Option<&'static str>,
    /// How often it is there in a row.
    pub(super) times: usize,
}

impl StackView {
    /// The stack the page is about: the frame to look at first is marked.
    pub(super) fn main(stack: &Stack) -> Self {
        Self::of(stack, stack.top_frame())
    }

    /// A stack beside it.
    pub(super) fn other(stack: &Stack) -> Self {
        Self::of(stack, None)
    }

    fn of(stack: &Stack, top: Option<&Frame>) -> Self {
        let is_top = |frame: &Frame| top.is_some_and(|top| std::ptr::eq(top, frame));
        let mut frames: Vec<FrameView> = Vec::new();
        for frame in stack.newest_first() {
            let view = FrameView::of(frame, is_top(frame));
            match frames.last_mut() {
                Some(last) if last.same_place(&view) => last.times += 1,
                _ => frames.push(view),
            }
        }
        let folded = frames.split_off(frames.len().min(SHOWN));
        Self { shown: frames, folded }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
}

impl FrameView {
    fn of(frame: &Frame, top: bool) -> Self {
        let address = match frame.offset {
            Some(offset) => Some(format!("+{offset:#x}")),
            None => frame.address.clone(),
        };
        let named = frame.function.is_some();
        let function = frame.function.clone().or_else(|| frame.address.clone());
        let place = frame.file.as_ref().map(|file| match &frame.line {
            Some(line) => format!("{file}:{line}"),
            None => file.clone(),
        });
        Self {
            in_app: frame.in_app == Some(true),
            inline: frame.inline,
            top,
            function: function.unwrap_or_else(|| "unknown function".to_owned()),
            named,
            place,
            path: frame.path.clone().or_else(|| frame.file.clone()).unwrap_or_default(),
            package: frame.package_name().or(frame.module.as_deref()).map(str::to_owned),
            address,
            doubt: match frame.trust.as_deref() {
                Some("scan") => Some("found by scanning the stack: may be wrong"),
                Some("cfi_scan" | "cfiscan") => Some("found by scanning, then by unwind information: may be wrong"),
                _ => None,
            },
            times: 1,
        }
    }

    fn same_place(&self, other: &Self) -> bool {
        self.named && self.function == other.function && self.place == other.place && self.package == other.package
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::Event;

    fn view(frames: Vec<Value>) -> StackView {
        StackView::main(Event::read(&json!({"stacktrace": {"frames": frames}})).main_stack())
    }

    #[test]
    fn recursion_is_one_line_and_long_stacks_are_folded() {
        let same = json!({"function": "down", "filename": "a.rs", "lineno": 1});
        let stack = view([vec![json!({"function": "main"})], vec![same; 900]].concat());
        assert_eq!(
            (stack.shown.len(), stack.shown[0].times, stack.folded.len()),
            (2, 900, 0)
        );
        let other = (0..60)
            .map(|line| json!({"function": "f", "filename": "a.rs", "lineno": line + 1}))
            .collect();
        let stack = view(other);
        assert_eq!((stack.shown.len(), stack.folded.len()), (50, 10));
        assert_eq!(stack.shown[0].place.as_deref(), Some("a.rs:60"));
    }

    #[test]
    fn the_top_frame_is_marked_once() {
        let stack = view(vec![
            json!({"function": "main", "in_app": true}),
            json!({"function": "canvas::flush", "in_app": true}),
            json!({"function": "memcpy", "in_app": false, "trust": "scan"}),
        ]);
        let marks: Vec<(bool, bool)> = stack.shown.iter().map(|frame| (frame.in_app, frame.top)).collect();
        assert_eq!(marks, [(false, false), (true, true), (true, false)]);
        assert!(stack.shown[0].doubt.is_some() && stack.shown[1].doubt.is_none());
    }
}
