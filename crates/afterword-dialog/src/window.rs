//! The eframe shell: a window with OpenGL, made by winit.
//!
//! It must be allowed to fail in every way (what broke the app may be the very driver it draws with) and must take
//! nothing along: any end without a saved answer means *ask later*.

use std::any::Any;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use egui::{ThemePreference, ViewportBuilder, ViewportCommand, vec2};

use crate::conversation::{self, Conversation, Step};
use crate::language::Language;
use crate::state::{Phase, State};
use crate::{Error, appearance, theme, view};

/// Width the window opens with, in points.
const WIDTH: f32 = 520.0;
/// Heights the window takes by itself, in points; beyond, it scrolls.
const HEIGHTS: std::ops::RangeInclusive<f32> = 260.0..=720.0;
/// Height of the pages that follow the answer, in points, if they need no more.
const AFTER_HEIGHT: f32 = 320.0;

/// The whole dialog process: reads the question from standard input, shows it in a window, writes messages to standard
/// output. Call it on the main thread, once per process: an event loop cannot be made twice.
///
/// # Errors
/// [`Error::NothingAsked`] and the reading errors before a window was tried; [`Error::NoWindow`] when there can be none,
/// within milliseconds where there is no display. After either, the report waits as it did.
pub fn run() -> Result<(), Error> {
    let mut input = BufReader::new(std::io::stdin());
    let asked = conversation::question(&mut input)?;
    let state = State::new(asked, Language::of_desktop());
    show(state, ThemePreference::System, input, std::io::stdout())
}

/// Shows a state in a window until it is closed. For pictures and checks by eye; the dialog itself is [`run`].
///
/// # Errors
/// [`Error::NoWindow`].
#[doc(hidden)]
pub fn show<R, W>(state: State, theme: ThemePreference, input: R, output: W) -> Result<(), Error>
where
    R: BufRead + Send + 'static,
    W: Write + 'static,
{
    // Winit panics rather than fails when libxkbcommon is missing, some drivers when they find no device.
    match catch_unwind(AssertUnwindSafe(|| open(state, theme, input, output))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Error::NoWindow {
            reason: error.to_string(),
        }),
        Err(panic) => Err(Error::NoWindow {
            reason: panic_words(panic.as_ref()),
        }),
    }
}

fn open<R, W>(mut state: State, theme: ThemePreference, input: R, output: W) -> eframe::Result
where
    R: BufRead + Send + 'static,
    W: Write + 'static,
{
    let height = measure(&mut state, WIDTH);
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title(state.headline())
            .with_app_id("afterword-dialog")
            .with_icon(egui::IconData::default())
            .with_inner_size(vec2(WIDTH, height))
            .with_min_inner_size(vec2(320.0, 240.0)),
        centered: true,
        ..Default::default()
    };
    let create = move |context: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        let ctx = context.egui_ctx.clone();
        theme::install(&ctx);
        ctx.set_theme(theme);
        let told = ctx.clone();
        appearance::ask_desktop(move |theme| {
            told.options_mut(|options| options.fallback_theme = theme);
            told.request_repaint();
        });
        let incoming = conversation::listen(input, move || ctx.request_repaint());
        Ok(Box::new(Window::new(Conversation::new(state, incoming, output))))
    };
    eframe::run_native("afterword-dialog", options, Box::new(create))
}

fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}

/// The height that shows a page whole at `width`, within what a window takes by itself: laid out without a window, so
/// that it opens at the right size.
fn measure(state: &mut State, width: f32) -> f32 {
    let ctx = egui::Context::default();
    theme::install(&ctx);
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, vec2(width, *HEIGHTS.end()));
    for _ in 0..2 {
        let input = egui::RawInput {
            screen_rect: Some(screen),
            ..Default::default()
        };
        // The action of a frame nobody saw is nobody's.
        ctx.run_ui(input, |ui| drop(view::view(ui, state)))
            .textures_delta
            .clear();
    }
    state.guard.restart();
    fitting(state)
}

/// What decides how tall the window should be.
#[derive(Clone, Copy, PartialEq)]
struct Page {
    phase: std::mem::Discriminant<Phase>,
    asking: bool,
    details_open: bool,
    raw_open: bool,
    not_saved: bool,
}

impl Page {
    fn of(state: &State) -> Page {
        let asking = matches!(state.phase(), Phase::Asking);
        Page {
            phase: std::mem::discriminant(state.phase()),
            asking,
            details_open: asking && state.details_open(),
            raw_open: asking && state.raw_open(),
            not_saved: asking && state.not_saved.is_some(),
        }
    }
}

/// The height that shows the page whole. What follows the answer has one height as far as it can, so that the window does
/// not jump under the pointer.
fn fitting(state: &State) -> f32 {
    let least = if Page::of(state).asking {
        *HEIGHTS.start()
    } else {
        AFTER_HEIGHT
    };
    state.wanted_height().ceil().clamp(least, *HEIGHTS.end())
}

struct Window<W> {
    conversation: Conversation<W>,
    first_frame: Option<u64>,
    page: Page,
    /// Frames until the page that has just changed is laid out and can be fitted.
    fit_in: u8,
}

impl<W: Write> Window<W> {
    fn new(conversation: Conversation<W>) -> Self {
        let page = Page::of(&conversation.state);
        Window {
            conversation,
            first_frame: None,
            page,
            fit_in: 0,
        }
    }

    /// Grows with the details and shrinks back after; between such changes the size is the person's.
    fn fit(&mut self, ctx: &egui::Context) {
        let page = Page::of(&self.conversation.state);
        if page != self.page {
            self.page = page;
            self.fit_in = 2;
        }
        if self.fit_in == 0 {
            return;
        }
        self.fit_in -= 1;
        if self.fit_in > 0 {
            return ctx.request_repaint();
        }
        let height = fitting(&self.conversation.state);
        let (width, room) = ctx.input(|input| {
            let viewport = input.viewport();
            let below = |monitor: egui::Vec2| monitor.y - viewport.outer_rect.map_or(0.0, |rect| rect.top()) - 48.0;
            (
                input.content_rect().width(),
                viewport.monitor_size.map_or(f32::INFINITY, below),
            )
        });
        let height = height.min(room.max(*HEIGHTS.start()));
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(vec2(width, height)));
    }
}

impl<W: Write> eframe::App for Window<W> {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.conversation.receive();
        let drawn = self.first_frame.is_some_and(|first| ctx.cumulative_frame_nr() > first);
        if drawn {
            self.conversation.shown();
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        if self.first_frame.is_none() {
            // That a frame is on the screen is known when the next one begins.
            self.first_frame = Some(ctx.cumulative_frame_nr());
            ctx.request_repaint();
        }
        let action = view::view(ui, &mut self.conversation.state);
        if self.conversation.carry_out(action) == Step::Close {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        if matches!(self.conversation.state.phase(), Phase::Done) {
            ctx.request_repaint();
        }
        self.fit(&ctx);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.conversation.closed();
    }
}
