//! Which window shows the view, and what all of them do alike.

use std::any::Any;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use egui::{ThemePreference, ViewportBuilder, vec2};

use crate::conversation;
use crate::fit::{WIDTH, measure};
use crate::fonts::WhenMissing;
use crate::language::Language;
use crate::state::State;
use crate::{Error, software, window};

/// A window that can show the view, in the order in which they are tried. Each is tried in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shell {
    /// With OpenGL, by eframe.
    Eframe,
    /// Drawn in software: no OpenGL, EGL or Vulkan library is loaded.
    Software,
}

impl Shell {
    /// All of them, the one to try first first.
    pub const ALL: [Shell; 2] = [Shell::Eframe, Shell::Software];

    /// Its name, as in the argument that asks for it.
    pub const fn name(self) -> &'static str {
        match self {
            Shell::Eframe => "eframe",
            Shell::Software => "software",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Shell> {
        Shell::ALL.into_iter().find(|shell| shell.name() == name)
    }
}

/// The whole dialog process: reads the question from standard input, shows it in a window, writes messages to standard
/// output. Call it on the main thread, once per process: an event loop cannot be made twice.
///
/// # Errors
/// [`Error::NothingAsked`] and the reading errors before a window was tried; [`Error::NoWindow`] when there can be none,
/// within milliseconds where there is no display. After either, the report waits as it did.
pub fn run(shell: Shell) -> Result<(), Error> {
    let mut input = BufReader::new(std::io::stdin());
    let asked = conversation::question(&mut input)?;
    let state = State::new(asked, Language::of_desktop());
    show(shell, state, ThemePreference::System, input, std::io::stdout())
}

/// Shows a state in a window until it is closed. For pictures and checks by eye; the dialog itself is [`run`].
///
/// # Errors
/// [`Error::NoWindow`].
#[doc(hidden)]
pub fn show<R, W>(shell: Shell, state: State, theme: ThemePreference, input: R, output: W) -> Result<(), Error>
where
    R: BufRead + Send + 'static,
    W: Write + 'static,
{
    let open = || match shell {
        Shell::Eframe => window::open(state, theme, input, output),
        Shell::Software => software::open(state, theme, input, output),
    };
    // Winit panics rather than fails when libxkbcommon is missing, some drivers when they find no device.
    catch_unwind(AssertUnwindSafe(open))
        .unwrap_or_else(|panic| Err(panic_words(panic.as_ref())))
        .map_err(|reason| Error::NoWindow { reason })
}

/// The window for a state, as tall as its page.
pub(crate) fn viewport(state: &mut State, fonts: Arc<WhenMissing>) -> ViewportBuilder {
    let height = measure(state, fonts);
    ViewportBuilder::default()
        .with_title(state.headline())
        .with_app_id("afterword-dialog")
        .with_icon(egui::IconData::default())
        .with_inner_size(vec2(WIDTH, height))
        .with_min_inner_size(vec2(320.0, 240.0))
}

fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}
