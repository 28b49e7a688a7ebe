//! The drawing program: a small one, that tells Afterword what the person does.

mod parts;
mod theme;
mod trail;

#[cfg(test)]
mod tests;

use afterword::MainThreadWatch;
use egui::{
    Align2, Area, Event, Frame, Id, Key, Margin, Modifiers, Order, Panel, PointerButton, Pos2, ViewportBuilder, vec2,
};

use crate::canvas::{Drawing, Ink, Stroke, WIDTHS};
use crate::crash::{self, CrashKind};

/// What the brush is like.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tool {
    ink: Ink,
    /// In points.
    width: f32,
}

/// What the person asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Choose(Tool),
    Undo,
    Clear,
    Crash(CrashKind),
    /// Read the note.
    Dismiss,
}

/// Opens the window and returns when it is closed. Call it on the main thread, once per process, after
/// [`afterword::Options::init`].
///
/// # Errors
/// When there can be no window.
pub(crate) fn show() -> eframe::Result {
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Afterword Demo")
            // As the desktop file is named.
            .with_app_id("org.afterword.Demo")
            .with_inner_size(vec2(960.0, 640.0))
            .with_min_inner_size(vec2(660.0, 420.0)),
        centered: true,
        ..Default::default()
    };
    eframe::run_native(
        "afterword-demo",
        options,
        Box::new(|context| Ok(Box::new(PaintApp::new(&context.egui_ctx)))),
    )
}

/// The drawing program.
pub(crate) struct PaintApp {
    drawing: Drawing,
    tool: Tool,
    being_drawn: Option<Stroke>,
    note: Option<&'static str>,
    watch: MainThreadWatch,
}

impl PaintApp {
    /// An empty paper. Gives the context its looks, and has the main thread watched.
    pub(crate) fn new(ctx: &egui::Context) -> PaintApp {
        theme::install(ctx);
        let app = PaintApp {
            drawing: Drawing::default(),
            tool: Tool {
                ink: Ink(6),
                width: WIDTHS[1],
            },
            being_drawn: None,
            note: None,
            watch: afterword::watch_main_thread(afterword::HANG_AFTER),
        };
        trail::opened(app.tool);
        app
    }

    fn carry_out(&mut self, action: Action, ctx: &egui::Context) {
        match action {
            Action::Choose(tool) => {
                trail::chosen(self.tool, tool);
                self.tool = tool;
            }
            Action::Undo => {
                self.drawing.undo();
                trail::changed("undo", &self.drawing);
            }
            Action::Clear => {
                self.drawing.clear();
                trail::changed("clear", &self.drawing);
            }
            Action::Dismiss => self.note = None,
            Action::Crash(kind) => {
                trail::crashing(kind);
                let note = crash::run(kind);
                if kind == CrashKind::CleanExit {
                    ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                } else {
                    self.note = Some(note);
                }
            }
        }
    }

    /// Follows the pointer on the paper: `points` are where it went with its button down since the last frame, `down` is
    /// whether it still is.
    fn draw(&mut self, down: bool, points: impl IntoIterator<Item = Pos2>) {
        for point in points {
            match &mut self.being_drawn {
                Some(stroke) => stroke.extend(point),
                None => self.being_drawn = Some(Stroke::new(self.tool.ink, self.tool.width, point)),
            }
        }
        if !down && let Some(stroke) = self.being_drawn.take() {
            trail::drawn(&stroke);
            self.drawing.draw(stroke);
            trail::counted(&self.drawing);
        }
    }

    /// The whole window.
    fn view(&mut self, ui: &mut egui::Ui) {
        let mut action = undo_key(ui).filter(|_| self.drawing.can_undo());
        let bar = Frame::new()
            .fill(ui.visuals().panel_fill)
            .inner_margin(Margin::symmetric(10, 6));
        Panel::top("menus")
            .frame(bar)
            .show_separator_line(false)
            .show(ui, |ui| {
                action = parts::menu_bar(ui, &self.drawing).or(action);
            });
        let desk = Frame::new().fill(ui.visuals().panel_fill);
        let margin = Margin {
            left: 14,
            right: 14,
            top: 2,
            bottom: 14,
        };
        egui::CentralPanel::no_frame()
            .frame(desk.inner_margin(margin))
            .show(ui, |ui| {
                let response = parts::paper(ui, &self.drawing, self.being_drawn.as_ref());
                let down = response.is_pointer_button_down_on();
                let drawing = self.being_drawn.is_some();
                let path = if down || drawing || response.clicked() {
                    pointer_path(ui, drawing)
                } else {
                    Vec::new()
                };
                self.draw(down, path.into_iter().map(|point| point - response.rect.min.to_vec2()));
            });
        let floating = |name: &str, above_bottom: f32| {
            let area = Area::new(Id::unique(name)).order(Order::Middle).movable(false);
            area.anchor(Align2::CENTER_BOTTOM, vec2(0.0, -above_bottom))
        };
        floating("tools", 28.0).show(ui, |ui| {
            action = parts::toolbar(ui, &mut self.tool, &self.drawing).or(action);
        });
        if let Some(words) = self.note {
            floating("note", 92.0).show(ui, |ui| {
                if parts::note(ui, words) {
                    action = Some(Action::Dismiss);
                }
            });
        }
        if let Some(action) = action {
            self.carry_out(action, &ui.ctx().clone());
        }
    }
}

impl eframe::App for PaintApp {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let _busy = self.watch.busy();
        self.view(ui);
    }
}

fn undo_key(ui: &egui::Ui) -> Option<Action> {
    let pressed = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Z));
    pressed.then_some(Action::Undo)
}

/// Where the pointer went since the last frame while its button was down, as it was before that frame if `down`: every
/// move, so that a quick hand draws a round line and a quick tap a dot.
fn pointer_path(ui: &egui::Ui, mut down: bool) -> Vec<Pos2> {
    let mut path = Vec::new();
    ui.input(|input| {
        for event in &input.events {
            match event {
                Event::PointerMoved(to) if down => path.push(*to),
                Event::PointerButton {
                    pos,
                    pressed,
                    button: PointerButton::Primary,
                    ..
                } => {
                    path.extend((down || *pressed).then_some(*pos));
                    down = *pressed;
                }
                _ => {}
            }
        }
    });
    path
}
