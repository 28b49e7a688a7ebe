//! An event loop of one's own, whose hangs are reported: press H to hang, P to panic.
//! `SENTRY_DSN=… cargo run -p afterword-examples --example winit`

use std::time::Duration;

use afterword::{HANG_AFTER, MainThreadWatch, Options, Reporter};
use winit::application::ApplicationHandler;
use winit::event::{ElementState, StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, EventLoop};
use winit::keyboard::Key;
use winit::window::{Window, WindowId};

fn main() -> anyhow::Result<()> {
    afterword_reporter::run_if_asked();
    let _afterword = Options::default()
        .app_name("Winit example")
        .release(afterword::release_name!())
        .reporter(Reporter::Itself)
        .init()?;
    let mut example = Example {
        watch: afterword::watch_main_thread(HANG_AFTER),
        window: None,
    };
    EventLoop::new()?.run_app(&mut example)?;
    Ok(())
}

struct Example {
    watch: MainThreadWatch,
    window: Option<Window>,
}

impl ApplicationHandler for Example {
    // Between this and `about_to_wait` all other callbacks are called.
    fn new_events(&mut self, _: &ActiveEventLoop, _: StartCause) {
        self.watch.woke();
    }

    fn about_to_wait(&mut self, _: &ActiveEventLoop) {
        self.watch.about_to_wait();
    }

    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let title = Window::default_attributes().with_title("Afterword: winit (H hangs, P panics)");
        match event_loop.create_window(title) {
            Ok(window) => self.window = Some(window),
            Err(error) => {
                afterword::capture(&error);
                event_loop.exit();
            }
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested => event_loop.exit(),
            WindowEvent::KeyboardInput { event, .. } if event.state == ElementState::Pressed => {
                match event.logical_key.as_ref() {
                    Key::Character("h") => std::thread::sleep(Duration::from_secs(8)),
                    Key::Character("p") => panic!("P was pressed"),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
