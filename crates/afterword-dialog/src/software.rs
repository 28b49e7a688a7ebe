//! The software shell: the same view in a window whose pixels are made here, by winit and softbuffer.
//!
//! It is for computers on which OpenGL is missing, broken, or what broke the app: no OpenGL, EGL or Vulkan library is loaded
//! in its process. What egui wants of a window (keys, pointer, input methods, clipboard, cursors, links, AccessKit) is
//! `egui-winit`'s, as it is eframe's. A frame is laid out when something has happened, drawn where it differs from the one
//! before, and put on the screen when it differs at all; otherwise the process sleeps.

mod canvas;
mod raster;
mod texture;

#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{ThemePreference, ViewportBuilder, ViewportId, vec2};
use egui_winit::accesskit_winit;
use winit::application::ApplicationHandler;
use winit::dpi::LogicalSize;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy, OwnedDisplayHandle};
use winit::window::{Window, WindowId};

use crate::conversation::{self, Conversation, Step};
use crate::fit::{self, Fit, Fitting, Place};
use crate::fonts::WhenMissing;
use crate::state::{Phase, State};
use crate::{appearance, shell, theme, view};

use canvas::{Canvas, Frame};

/// Least time between frames that nothing but the view asks for: what moves needs no more.
const PACE: Duration = Duration::from_millis(16);

/// Shows a state until the window is closed; why it could not, in words.
pub(crate) fn open<R, W>(mut state: State, theme: ThemePreference, input: R, output: W) -> Result<(), String>
where
    R: BufRead + Send + 'static,
    W: Write + 'static,
{
    let events = EventLoop::<Event>::with_user_event().build().map_err(words)?;
    let display = softbuffer::Context::new(events.owned_display_handle()).map_err(words)?;
    let fonts = WhenMissing::new(state.language());
    let viewport = shell::viewport(&mut state, fonts.clone());
    let ctx = egui::Context::default();
    theme::install(&ctx);
    ctx.add_font_provider(fonts);
    ctx.set_theme(theme);
    let asking = events.create_proxy();
    ctx.set_request_repaint_callback(move |asked| tell(&asking, Event::Repaint(Instant::now() + asked.delay)));
    appearance::follow(&ctx);
    let woken = ctx.clone();
    let incoming = conversation::listen(input, move || woken.request_repaint());
    let mut app = App {
        fit: Fit::new(&state),
        conversation: Conversation::new(state, incoming, output),
        ctx,
        display,
        proxy: events.create_proxy(),
        viewport,
        open: None,
        failed: None,
        due: None,
        key_waits: false,
    };
    events.run_app(&mut app).map_err(words)?;
    app.conversation.closed();
    app.failed.map_or(Ok(()), Err)
}

/// What wakes the window besides the window system.
enum Event {
    /// Something is to be shown at that time.
    Repaint(Instant),
    /// A screen reader, or whatever else uses the window by its names.
    Assistive(accesskit_winit::WindowEvent),
}

impl From<accesskit_winit::Event> for Event {
    fn from(event: accesskit_winit::Event) -> Event {
        Event::Assistive(event.window_event)
    }
}

fn tell(proxy: &EventLoopProxy<Event>, event: Event) {
    if proxy.send_event(event).is_err() {
        log::debug!("the window is closed already");
    }
}

fn words(error: impl std::error::Error) -> String {
    error.to_string()
}

type Surface = softbuffer::Surface<OwnedDisplayHandle, Arc<Window>>;

struct App<W> {
    conversation: Conversation<W>,
    fit: Fit,
    ctx: egui::Context,
    display: softbuffer::Context<OwnedDisplayHandle>,
    proxy: EventLoopProxy<Event>,
    viewport: ViewportBuilder,
    open: Option<Open>,
    /// Why there is no window.
    failed: Option<String>,
    /// When the next frame is to be laid out.
    due: Option<Instant>,
    /// A key was pressed since the last frame.
    key_waits: bool,
}

/// The window, once there is one.
struct Open {
    window: Arc<Window>,
    surface: Surface,
    input: egui_winit::State,
    canvas: Canvas,
    last_frame: Instant,
    /// A frame has been handed to the window system.
    presented: bool,
}

impl<W: Write> App<W> {
    fn make_window(&self, event_loop: &ActiveEventLoop) -> Result<Open, String> {
        let mut viewport = self.viewport.clone().with_visible(false);
        viewport.position = middle(event_loop, &viewport);
        let window = egui_winit::create_window(&self.ctx, event_loop, &viewport).map_err(words)?;
        let window = Arc::new(window);
        let surface = softbuffer::Surface::new(&self.display, window.clone()).map_err(words)?;
        let mut input = egui_winit::State::new(
            self.ctx.clone(),
            ViewportId::ROOT,
            event_loop,
            Some(window.scale_factor() as f32),
            window.theme(),
            None,
        );
        input.init_accesskit(event_loop, &window, self.proxy.clone());
        Ok(Open {
            window,
            surface,
            input,
            canvas: Canvas::default(),
            last_frame: Instant::now(),
            presented: false,
        })
    }

    /// Lays out a frame, carries out what the person did in it, and draws what has changed.
    fn frame(&mut self, event_loop: &ActiveEventLoop) {
        self.due = None;
        self.key_waits = false;
        self.conversation.receive();
        let Some(open) = &mut self.open else { return };
        if open.presented {
            self.conversation.shown();
        }
        open.last_frame = Instant::now();
        let input = open.input.take_egui_input(&open.window);
        let mut step = Step::Stay;
        let mut output = self.ctx.run_ui(input, |ui| {
            let action = view::view(ui, &mut self.conversation.state);
            if self.conversation.carry_out(action) == Step::Close {
                step = Step::Close;
            }
        });
        open.input
            .handle_platform_output_with_event_loop(&open.window, event_loop, output.platform_output);
        let size = open.window.inner_size();
        let frame = Frame {
            primitives: &self.ctx.tessellate(output.shapes, output.pixels_per_point),
            textures: &mut output.textures_delta,
            ground: self.ctx.global_style().visuals.panel_fill,
            pixels_per_point: output.pixels_per_point,
            size: [size.width, size.height],
        };
        if !open.canvas.draw(frame).is_empty() {
            open.window.request_redraw();
        }
        if step == Step::Close {
            return event_loop.exit();
        }
        if matches!(self.conversation.state.phase(), Phase::Done) {
            self.ctx.request_repaint();
        }
        match self.fit.after_frame(&self.conversation.state) {
            Fitting::Keep => {}
            Fitting::NextFrame => self.ctx.request_repaint(),
            Fitting::Height(height) => {
                open.set_height(height);
                self.ctx.request_repaint();
            }
        }
    }

    fn assistive(&mut self, event: accesskit_winit::WindowEvent) {
        match event {
            accesskit_winit::WindowEvent::InitialTreeRequested => self.ctx.enable_accesskit(),
            accesskit_winit::WindowEvent::ActionRequested(request) => {
                if let Some(open) = &mut self.open {
                    open.input.on_accesskit_action_request(request);
                }
            }
            accesskit_winit::WindowEvent::AccessibilityDeactivated => self.ctx.disable_accesskit(),
        }
        self.due_at(Instant::now());
    }

    fn due_at(&mut self, time: Instant) {
        self.due = Some(self.due.map_or(time, |due| due.min(time)));
    }
}

impl Open {
    /// Puts the picture on the screen, as it is.
    fn present(&mut self) -> Result<(), softbuffer::SoftBufferError> {
        let [width, height] = self.canvas.size();
        // A window that is folded away has no pixels.
        let (Some(width), Some(height)) = (NonZeroU32::new(width), NonZeroU32::new(height)) else {
            return Ok(());
        };
        self.surface.resize(width, height)?;
        let mut buffer = self.surface.buffer_mut()?;
        buffer.copy_from_slice(self.canvas.pixels());
        self.window.pre_present_notify();
        buffer.present()?;
        self.presented = true;
        Ok(())
    }

    fn set_height(&self, height: f32) {
        let scale = self.window.scale_factor();
        let monitor = self.window.current_monitor();
        let top = self
            .window
            .outer_position()
            .map_or(0.0, |at| at.to_logical::<f32>(scale).y);
        let place = Place {
            monitor_height: monitor.map_or(f32::INFINITY, |monitor| monitor.size().to_logical::<f32>(scale).height),
            top,
        };
        let width = self.window.inner_size().to_logical::<f32>(scale).width;
        // Where it is done at once, the next frame sees it; otherwise an event says so.
        let _ = self
            .window
            .request_inner_size(LogicalSize::new(width, fit::room(height, place)));
    }
}

impl<W: Write> ApplicationHandler<Event> for App<W> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.open.is_some() {
            return;
        }
        match self.make_window(event_loop) {
            Ok(open) => {
                let window = open.window.clone();
                self.open = Some(open);
                // Drawn before it is seen, so that it is never seen empty.
                self.frame(event_loop);
                window.set_visible(true);
                window.request_redraw();
            }
            Err(why) => {
                self.failed = Some(why);
                event_loop.exit();
            }
        }
    }

    fn user_event(&mut self, _event_loop: &ActiveEventLoop, event: Event) {
        match event {
            Event::Repaint(time) => {
                let paced = self.open.as_ref().map(|open| open.last_frame + PACE);
                self.due_at(paced.map_or(time, |paced| paced.max(time)));
            }
            Event::Assistive(event) => self.assistive(event),
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _window: WindowId, event: WindowEvent) {
        if event_loop.exiting() {
            return;
        }
        if is_press(&event) && std::mem::replace(&mut self.key_waits, true) {
            // Of two Tabs in a frame egui would heed one; on a slow computer a hand is quicker than the frames.
            self.frame(event_loop);
            self.key_waits = true;
        }
        let Some(open) = &mut self.open else { return };
        match event {
            WindowEvent::RedrawRequested => {
                let first = !open.presented;
                if let Err(error) = open.present() {
                    log::error!("the window can no longer be drawn: {error}");
                    self.failed = Some(words(error));
                    return event_loop.exit();
                }
                if first {
                    // That it is on the screen is said in the next frame.
                    self.due_at(Instant::now());
                }
            }
            WindowEvent::CloseRequested => event_loop.exit(),
            event => {
                let is_new_size = matches!(event, WindowEvent::Resized(_) | WindowEvent::ScaleFactorChanged { .. });
                let answer = open.input.on_window_event(&open.window, &event);
                if answer.repaint || is_new_size {
                    self.due_at(Instant::now());
                }
            }
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.frame(event_loop);
        }
        event_loop.set_control_flow(self.due.map_or(ControlFlow::Wait, ControlFlow::WaitUntil));
    }
}

fn is_press(event: &WindowEvent) -> bool {
    matches!(event, WindowEvent::KeyboardInput { event, .. } if event.state.is_pressed())
}

/// The place that puts the window into the middle of the monitor, where that is known and heeded.
fn middle(event_loop: &ActiveEventLoop, viewport: &ViewportBuilder) -> Option<egui::Pos2> {
    let monitor = event_loop
        .primary_monitor()
        .or_else(|| event_loop.available_monitors().next())?;
    let size = monitor.size().to_logical::<f32>(monitor.scale_factor());
    let room = vec2(size.width, size.height) - viewport.inner_size?;
    (room.x > 0.0 && room.y > 0.0).then(|| (room / 2.0).to_pos2())
}
