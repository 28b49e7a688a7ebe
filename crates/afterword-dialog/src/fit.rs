//! How tall a window is: as tall as its page, by itself only when the page changes.

use std::sync::Arc;

use egui::{Pos2, RawInput, Rect, vec2};

use crate::fonts::WhenMissing;
use crate::state::{Phase, State};
use crate::{theme, view};

/// Width the window opens with, in points.
pub(crate) const WIDTH: f32 = 520.0;
/// Heights the window takes by itself, in points; beyond, it scrolls.
const HEIGHTS: std::ops::RangeInclusive<f32> = 260.0..=720.0;
/// Height of the pages that follow the answer, in points, if they need no more.
const AFTER_HEIGHT: f32 = 320.0;
/// Room left below the window for what a desktop puts there, in points.
const BELOW: f32 = 48.0;

/// The height that shows a page whole at [`WIDTH`], within what a window takes by itself: laid out without a window, so
/// that it opens at the right size.
pub(crate) fn measure(state: &mut State, fonts: Arc<WhenMissing>) -> f32 {
    let ctx = egui::Context::default();
    theme::install(&ctx);
    ctx.add_font_provider(fonts);
    let screen = Rect::from_min_size(Pos2::ZERO, vec2(WIDTH, *HEIGHTS.end()));
    for _ in 0..2 {
        let input = RawInput {
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
    not_saved: bool,
}

impl Page {
    fn of(state: &State) -> Page {
        let asking = matches!(state.phase(), Phase::Asking);
        Page {
            phase: std::mem::discriminant(state.phase()),
            asking,
            details_open: asking && state.details_open(),
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

/// Where a window stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Height of the monitor, in points; infinite where it is not known.
    pub(crate) monitor_height: f32,
    /// Distance of the window's upper edge from the monitor's, in points.
    pub(crate) top: f32,
}

/// Grows the window with the details and shrinks it back after; between such changes the size is the person's.
pub(crate) struct Fit {
    page: Page,
    /// Frames until the page that has just changed is laid out and can be fitted.
    fit_in: u8,
}

/// What is to be done about the height after a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fitting {
    /// It stays.
    Keep,
    /// It is known after another frame.
    NextFrame,
    /// The window should be this tall, in points, if there is [room](room) for it.
    Height(f32),
}

impl Fit {
    pub(crate) fn new(state: &State) -> Fit {
        Fit {
            page: Page::of(state),
            fit_in: 0,
        }
    }

    /// Looks at the state after each frame.
    pub(crate) fn after_frame(&mut self, state: &State) -> Fitting {
        let page = Page::of(state);
        if page != self.page {
            self.page = page;
            self.fit_in = 2;
        }
        if self.fit_in == 0 {
            return Fitting::Keep;
        }
        self.fit_in -= 1;
        match self.fit_in {
            0 => Fitting::Height(fitting(state)),
            _ => Fitting::NextFrame,
        }
    }
}

/// As much of a height as the monitor has below where the window stands, in points.
pub(crate) fn room(height: f32, place: Place) -> f32 {
    height.min((place.monitor_height - place.top - BELOW).max(*HEIGHTS.start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::sample;

    #[test]
    fn the_height_follows_the_page_and_not_the_frames() {
        let fonts = WhenMissing::new(Language::English);
        let mut state = State::new(sample::asked(), Language::English);
        let short = measure(&mut state, fonts.clone());
        let mut fit = Fit::new(&state);
        assert_eq!(fit.after_frame(&state), Fitting::Keep);
        state.open_details(true);
        assert_eq!(fit.after_frame(&state), Fitting::NextFrame);
        let tall = measure(&mut state, fonts.clone());
        assert_eq!(fit.after_frame(&state), Fitting::Height(tall));
        assert!(tall > short, "{tall} {short}");
        assert_eq!(fit.after_frame(&state), Fitting::Keep);
    }

    #[test]
    fn a_window_low_on_a_small_monitor_stays_on_it_as_far_as_it_can_be_used() {
        let place = |monitor_height, top| Place { monitor_height, top };
        assert_eq!(room(700.0, place(f32::INFINITY, 0.0)), 700.0);
        assert_eq!(room(700.0, place(768.0, 100.0)), 620.0);
        assert_eq!(room(700.0, place(768.0, 700.0)), 260.0);
    }
}
