//! The eframe shell: a window with OpenGL, made by winit.
//!
//! It must be allowed to fail in every way (what broke the app may be the very driver it draws with) and must take
//! nothing along: any end without a saved answer means *ask later*.

use std::io::{BufRead, Write};

use egui::{ThemePreference, ViewportCommand, vec2};

use crate::conversation::{self, Conversation, Step};
use crate::fit::{self, Fit, Fitting, Place};
use crate::fonts::WhenMissing;
use crate::state::{Phase, State};
use crate::{appearance, shell, theme, view};

/// Shows a state until the window is closed; why it could not, in words.
pub(crate) fn open<R, W>(mut state: State, theme: ThemePreference, input: R, output: W) -> Result<(), String>
where
    R: BufRead + Send + 'static,
    W: Write + 'static,
{
    let fonts = WhenMissing::new(state.language());
    let options = eframe::NativeOptions {
        viewport: shell::viewport(&mut state, fonts.clone()),
        centered: true,
        ..Default::default()
    };
    let create = move |context: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        let ctx = context.egui_ctx.clone();
        theme::install(&ctx);
        ctx.add_font_provider(fonts);
        ctx.set_theme(theme);
        appearance::follow(&ctx);
        let incoming = conversation::listen(input, move || ctx.request_repaint());
        Ok(Box::new(Window::new(Conversation::new(state, incoming, output))))
    };
    eframe::run_native("afterword-dialog", options, Box::new(create)).map_err(|error| error.to_string())
}

struct Window<W> {
    conversation: Conversation<W>,
    first_frame: Option<u64>,
    fit: Fit,
    /// Pressed too quickly for the last frame.
    keys: Vec<egui::Event>,
}

impl<W: Write> Window<W> {
    fn new(conversation: Conversation<W>) -> Self {
        let fit = Fit::new(&conversation.state);
        Window {
            keys: Vec::new(),
            conversation,
            first_frame: None,
            fit,
        }
    }

    fn fit(&mut self, ctx: &egui::Context) {
        match self.fit.after_frame(&self.conversation.state) {
            Fitting::Keep => {}
            Fitting::NextFrame => ctx.request_repaint(),
            Fitting::Height(height) => {
                let (width, place) = ctx.input(|input| {
                    let viewport = input.viewport();
                    let place = Place {
                        monitor_height: viewport.monitor_size.map_or(f32::INFINITY, |size| size.y),
                        top: viewport.outer_rect.map_or(0.0, |rect| rect.top()),
                    };
                    (input.content_rect().width(), place)
                });
                let size = vec2(width, fit::room(height, place));
                ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
            }
        }
    }
}

/// Events up to the second key that is pressed; the others are for the frames that follow, since egui heeds one of two Tabs in a
/// frame.
fn first_key(mut events: Vec<egui::Event>) -> (Vec<egui::Event>, Vec<egui::Event>) {
    let is_press = |event: &egui::Event| matches!(event, egui::Event::Key { pressed: true, .. });
    let mut presses = (0..events.len()).filter(|at| is_press(&events[*at]));
    let later = match presses.nth(1) {
        Some(second) => events.split_off(second),
        None => Vec::new(),
    };
    (events, later)
}

impl<W: Write> eframe::App for Window<W> {
    fn raw_input_hook(&mut self, ctx: &egui::Context, input: &mut egui::RawInput) {
        let mut events = std::mem::take(&mut self.keys);
        events.append(&mut input.events);
        (input.events, self.keys) = first_key(events);
        if !self.keys.is_empty() {
            ctx.request_repaint();
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_frame_of_its_own() {
        let tab = |pressed| egui::Event::Key {
            key: egui::Key::Tab,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        };
        let all = vec![tab(true), tab(false), tab(true), tab(false), tab(true)];
        let (now, later) = first_key(all.clone());
        assert_eq!(now, all[..2]);
        let (now, later) = first_key(later);
        assert_eq!(now, all[2..4]);
        assert_eq!(first_key(later), (vec![tab(true)], Vec::new()));
    }
}
