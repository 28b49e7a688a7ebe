//! A stack as people read it: newest first, what belongs to the application in front, the rest folded, repetition as one.

use crate::event::{Frame, Source, Stack};
use crate::pages::room::{Room, short, weight};

/// The longest of what is shown of a frame, in characters.
const MAX_FUNCTION: usize = 400;
const MAX_PLACE: usize = 160;
const MAX_PATH: usize = 240;
const MAX_PACKAGE: usize = 120;

/// Of a stack without a frame of the application, so many are shown at once.
const UNFOLDED: usize = 12;

/// A stack to show.
#[derive(Debug, Default)]
pub(super) struct StackView {
    pub(super) runs: Vec<Run>,
    /// Older frames that are not here.
    pub(super) more: usize,
    /// Whether something is folded, so that there is something to unfold.
    pub(super) folds: bool,
}

/// Frames in a row.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Behind a click: they are not the application's.
    pub(super) folded: bool,
    pub(super) frames: Vec<FrameView>,
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
    /// Lines of its source: number, text, and whether it is the one.
    pub(super) lines: Vec<(String, String, bool)>,
}

impl StackView {
    /// The stack the page is about: the frame to look at first is marked. `full`: nothing is folded.
    pub(super) fn main(stack: &Stack, room: Room, full: bool) -> Self {
        Self::of(stack, stack.top_frame(), room, full)
    }

    /// A stack beside it.
    pub(super) fn other(stack: &Stack, room: Room) -> Self {
        Self::of(stack, None, room, false)
    }

    fn of(stack: &Stack, top: Option<&Frame>, mut room: Room, full: bool) -> Self {
        let (frames, left_out) = room.fit(views(stack, top), FrameView::weight);
        let has_app = frames.iter().any(|frame| frame.in_app);
        let mut runs: Vec<Run> = Vec::new();
        for (at, frame) in frames.into_iter().enumerate() {
            let quiet = if has_app {
                !frame.in_app && !frame.top
            } else {
                at >= UNFOLDED
            };
            match runs.last_mut() {
                Some(last) if last.folded == quiet => last.frames.push(frame),
                _ => runs.push(Run {
                    folded: quiet,
                    frames: vec![frame],
                }),
            }
        }
        for run in &mut runs {
            // A single line is no shorter folded.
            run.folded &= !full && run.frames.len() > 1;
        }
        Self {
            folds: runs.iter().any(|run| run.folded),
            runs,
            more: left_out + stack.left_out,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

/// All frames, newest first.
pub(super) fn views(stack: &Stack, top: Option<&Frame>) -> Vec<FrameView> {
    let is_top = |frame: &Frame| top.is_some_and(|top| std::ptr::eq(top, frame));
    let mut frames: Vec<FrameView> = Vec::new();
    for frame in stack.newest_first() {
        let view = FrameView::of(frame, is_top(frame));
        match frames.last_mut() {
            Some(last) if last.same_place(&view) => {
                last.times += 1;
                last.top |= view.top;
            }
            _ => frames.push(view),
        }
    }
    frames
}

impl FrameView {
    fn of(frame: &Frame, top: bool) -> Self {
        let address = match frame.offset {
            Some(offset) => Some(format!("+{offset:#x}")),
            None => frame.address.clone(),
        };
        let named = frame.function.is_some();
        let function = frame.function.as_ref().or(frame.address.as_ref());
        let place = frame.file.as_ref().map(|file| match &frame.line {
            Some(line) => format!("{}:{}", short(file, MAX_PLACE), short(line, 12)),
            None => short(file, MAX_PLACE),
        });
        let path = frame.path.as_ref().or(frame.file.as_ref());
        let package = frame.package_name().or(frame.module.as_deref());
        Self {
            in_app: frame.in_app == Some(true),
            inline: frame.inline,
            top,
            function: function.map_or_else(|| "unknown function".to_owned(), |name| short(name, MAX_FUNCTION)),
            named,
            place,
            path: path.map_or(String::new(), |path| short(path, MAX_PATH)),
            package: package.map(|package| short(package, MAX_PACKAGE)),
            address: address.map(|address| short(&address, 40)),
            doubt: match frame.trust.as_deref() {
                Some("scan") => Some("found by scanning the stack: may be wrong"),
                Some("cfi_scan" | "cfiscan") => Some("found by scanning, then by unwind information: may be wrong"),
                _ => None,
            },
            times: 1,
            lines: frame
                .source
                .as_ref()
                .map(|source| lines(source, frame.line.as_deref()))
                .unwrap_or_default(),
        }
    }

    fn same_place(&self, other: &Self) -> bool {
        self.named && self.function == other.function && self.place == other.place && self.package == other.package
    }

    /// What it takes of a page.
    pub(super) fn weight(&self) -> usize {
        let texts = [Some(&self.function), self.place.as_ref(), Some(&self.path)];
        let texts = texts.into_iter().chain([self.package.as_ref(), self.address.as_ref()]);
        let lines = self.lines.iter().map(|(_, line, _)| 30 + weight(line));
        350 + texts.flatten().map(|text| weight(text)).sum::<usize>() + lines.sum::<usize>()
    }

    /// `canvas::flush at src/canvas.rs:42`, for a stack as text.
    pub(super) fn text(&self) -> String {
        let mut text = self.function.clone();
        if self.inline {
            text.push_str(" (inlined)");
        }
        if let Some(place) = &self.place {
            text = format!("{text} at {place}");
        }
        match (&self.package, &self.address) {
            (Some(package), Some(address)) => text = format!("{text} in {package} {address}"),
            (Some(package), None) => text = format!("{text} in {package}"),
            _ => {}
        }
        if self.times > 1 {
            text = format!("{text} ({} times in a row)", self.times);
        }
        text
    }
}

/// Lines with their numbers, where the frame's is known.
fn lines(source: &Source, line: Option<&str>) -> Vec<(String, String, bool)> {
    let line: Option<usize> = line.and_then(|line| line.parse().ok());
    let first = line.map(|line| line.saturating_sub(source.before.len()));
    let all = source.before.iter().map(|line| (line, false));
    let all = all
        .chain([(&source.line, true)])
        .chain(source.after.iter().map(|line| (line, false)));
    let number = |at: usize| first.map_or(String::new(), |first| (first + at).to_string());
    all.enumerate()
        .map(|(at, (line, is_it))| (number(at), line.clone(), is_it))
        .collect()
}

#[cfg(test)]
mod tests;
