//! Pages of what is too long for the page of an event: its stack, its threads, modules and breadcrumbs, some at a time.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::crumbs::{self, Crumb};
use super::modules::{self, ModuleView};
use super::stack::{self, FrameView};
use super::threads::{self, ThreadView};
use super::{find, look, view};
use crate::App;
use crate::api::short_id;
use crate::event::Whole;
use crate::pages::frame::Frame;
use crate::pages::room::Room;
use crate::pages::words::grouped;
use crate::pages::{Failure, render};
use crate::queries::{Issue, StoredEvent};

/// What a page of this kind may hold, in bytes.
const PAGE_BYTES: usize = 110 << 10;

/// At most so many of each.
const FRAMES: usize = 100;
const THREADS: usize = 20;
const MODULES: usize = 200;
const CRUMBS: usize = 100;

#[derive(Template)]
#[template(path = "issue/part.html")]
struct Page {
    frame: Frame,
    issue_id: i64,
    short_id: String,
    event_url: String,
    event_title: String,
    title: String,
    /// `21 to 40 of 300`.
    range: String,
    /// Of what the payload has more than is read.
    left_out: usize,
    part: Part,
    registers: Vec<(String, String)>,
    symbols_url: String,
    before_url: Option<String>,
    after_url: Option<String>,
}

enum Part {
    Frames(Vec<FrameView>),
    Threads(Vec<ThreadView>),
    Modules(Vec<ModuleView>),
    Crumbs(Vec<Crumb>),
}

/// The event a part is of.
struct Of {
    frame: Frame,
    issue: Issue,
    stored: StoredEvent,
    whole: Whole,
    from: usize,
}

/// Those on this page, and where it begins and ends.
struct Cut<T> {
    shown: Vec<T>,
    from: usize,
    all: usize,
    step: usize,
}

impl Of {
    async fn find(app: &App, frame: Frame, issue: &str, event: &str) -> Result<Self, Failure> {
        let (issue, stored) = find(app, &frame, issue, event).await?;
        let from = frame.asked("from").map_or(Ok(0), str::parse);
        Ok(Self {
            from: from.map_err(|_| Failure::Wrong("The place to begin at is no number.".to_owned()))?,
            whole: look::whole(app, &stored).await?,
            frame,
            issue,
            stored,
        })
    }

    fn cut<T>(&self, all: Vec<T>, step: usize, weight: impl Fn(&T) -> usize) -> Cut<T> {
        let length = all.len();
        let from = self.from.min(length);
        let (shown, _) = Room::of(PAGE_BYTES).fit(all.into_iter().skip(from).take(step), weight);
        Cut {
            shown,
            from,
            all: length,
            step,
        }
    }

    fn page<T>(self, title: String, cut: Cut<T>, left_out: usize, part: impl Fn(Vec<T>) -> Part) -> Page {
        let to = |from: usize| self.frame.with("from", Some(&from.to_string()));
        let end = cut.from + cut.shown.len();
        let number = |number: usize| grouped(i64::try_from(number).unwrap_or(i64::MAX));
        let project = self.frame.project(self.issue.project_id);
        Page {
            issue_id: self.issue.id,
            short_id: short_id(&self.issue),
            event_url: format!("/issues/{}/events/{}/", self.issue.id, self.stored.event_id),
            event_title: self.stored.title.clone(),
            title,
            range: if cut.shown.is_empty() {
                "Nothing is here.".to_owned()
            } else {
                format!(
                    "{} to {} of {}",
                    number(cut.from + 1),
                    number(end),
                    number(cut.all + left_out)
                )
            },
            left_out: if end >= cut.all { left_out } else { 0 },
            registers: Vec::new(),
            symbols_url: project.map_or(String::new(), |project| {
                format!("/settings/{}/{}/symbols/", project.organization_slug, project.slug)
            }),
            before_url: (cut.from > 0).then(|| to(cut.from.saturating_sub(cut.step))),
            after_url: (end < cut.all && end > cut.from).then(|| to(end)),
            part: part(cut.shown),
            frame: self.frame,
        }
    }
}

/// The whole stack that the page of the event is about.
pub(super) async fn stack(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let of = Of::find(&app, frame, &issue, &event).await?;
    let main = of.whole.event.main_stack();
    let left_out = main.left_out;
    let cut = of.cut(stack::views(main, main.top_frame()), FRAMES, FrameView::weight);
    let registers = view::registers(of.whole.event.registers());
    let page = of.page("The whole stack".to_owned(), cut, left_out, Part::Frames);
    Ok(render(&Page { registers, ..page }))
}

/// All threads.
pub(super) async fn threads(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let of = Of::find(&app, frame, &issue, &event).await?;
    let cut = of.cut(threads::all(&of.whole.event), THREADS, ThreadView::weight);
    let left_out = of.whole.more_threads;
    Ok(render(&of.page("All threads".to_owned(), cut, left_out, Part::Threads)))
}

/// One thread, whole.
pub(super) async fn thread(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event, thread)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let of = Of::find(&app, frame, &issue, &event).await?;
    let index: usize = thread.parse().map_err(|_| Failure::NotFound)?;
    let mut views = threads::all(&of.whole.event);
    if index >= views.len() {
        return Err(Failure::NotFound);
    }
    let view = views.swap_remove(index);
    let own = &of.whole.event.threads[index].stack;
    // Some clients put the stack into the exception alone.
    let stack = if own.frames.is_empty() && view.is_main {
        of.whole.event.main_stack()
    } else {
        own
    };
    let registers = match (own.registers.as_slice(), view.is_main) {
        ([], true) => of.whole.event.registers(),
        (own, _) => own,
    };
    let (left_out, registers) = (stack.left_out, view::registers(registers));
    let cut = of.cut(stack::views(stack, None), FRAMES, FrameView::weight);
    let title = match view.mark {
        Some(mark) => format!("Thread {}, {mark}", view.title()),
        None => format!("Thread {}", view.title()),
    };
    let page = of.page(title, cut, left_out, Part::Frames);
    Ok(render(&Page { registers, ..page }))
}

/// All modules.
pub(super) async fn modules(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let of = Of::find(&app, frame, &issue, &event).await?;
    let cut = of.cut(modules::all(&of.whole.event.modules), MODULES, ModuleView::weight);
    let left_out = of.whole.more_modules;
    Ok(render(&of.page("All modules".to_owned(), cut, left_out, Part::Modules)))
}

/// All breadcrumbs, the newest first.
pub(super) async fn breadcrumbs(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let of = Of::find(&app, frame, &issue, &event).await?;
    let at = of.whole.event.occurred_at.unwrap_or(of.stored.occurred_at);
    let crumbs = crumbs::newest_first(&of.whole.event.breadcrumbs, Some(at)).collect();
    let cut = of.cut(crumbs, CRUMBS, Crumb::weight);
    let left_out = of.whole.more_breadcrumbs;
    let title = "All that happened before, the latest first".to_owned();
    Ok(render(&of.page(title, cut, left_out, Part::Crumbs)))
}
