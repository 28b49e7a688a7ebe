//! A window. Crash it, let it hang, report an error: `SENTRY_DSN=… cargo run -p afterword-examples --example egui`

use std::time::Duration;

use afterword::{HANG_AFTER, MainThreadWatch, Options, Reporter};
use eframe::egui;

fn main() -> anyhow::Result<()> {
    // This program is its own reporter. One that ships `afterword-reporter` beside it leaves this line and `reporter` out.
    afterword_reporter::run_if_asked();
    let _afterword = Options::default()
        .app_name("Egui example")
        .release(afterword::release_name!())
        .reporter(Reporter::Itself)
        .init()?;
    let watch = afterword::watch_main_thread(HANG_AFTER);
    let made = eframe::run_native(
        "Afterword: egui",
        eframe::NativeOptions {
            viewport: egui::ViewportBuilder::default().with_inner_size([360.0, 260.0]),
            ..Default::default()
        },
        Box::new(|_| Ok(Box::new(Example { watch, clicks: 0 }))),
    );
    made.map_err(|error| anyhow::anyhow!("{error}"))
}

struct Example {
    watch: MainThreadWatch,
    clicks: u32,
}

impl eframe::App for Example {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let _busy = self.watch.busy();
        egui::CentralPanel::default().show(ui, |ui| {
            ui.heading("What can go wrong");
            ui.add_space(8.0);
            if ui.button("Click").clicked() {
                self.clicks += 1;
                afterword::add_breadcrumb(afterword::sentry::Breadcrumb {
                    category: Some("ui".to_owned()),
                    message: Some(format!("click {}", self.clicks)),
                    ..Default::default()
                });
                afterword::set_tag("clicks", self.clicks);
            }
            if ui.button("An error").clicked() {
                afterword::capture_result(&std::fs::read("/no/such/picture.png"));
            }
            if ui.button("Feedback").clicked() {
                afterword::feedback("I like the buttons.");
            }
            if ui.button("Hang for 8 seconds").clicked() {
                std::thread::sleep(Duration::from_secs(8));
            }
            if ui.button("Panic").clicked() {
                panic!("the panic button was clicked after {} clicks", self.clicks);
            }
            ui.add_space(8.0);
            ui.label(format!("{} clicks", self.clicks));
        });
    }
}
