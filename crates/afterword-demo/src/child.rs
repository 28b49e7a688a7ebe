//! The app: what a program that embeds Afterword looks like.

use afterword::sentry::Breadcrumb;
use afterword::{Options, Reporter};
use anyhow::anyhow;

use crate::arguments::Arguments;
use crate::{app, crash};

/// Sets Afterword up and runs the drawing program, or, without a window, crashes at once.
///
/// # Errors
/// A DSN that is not valid; a window that cannot be shown.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut options = Options::new(arguments.dsn.clone().unwrap_or_default())
        .app_name("Afterword Demo")
        .release(afterword::release_name!())
        .environment("demo");
    // One that is installed can be tried in place of this executable, as with any other application.
    if std::env::var_os("AFTERWORD_REPORTER").is_none() {
        options = options.reporter(Reporter::Itself);
    }
    if let Some(store) = &arguments.store {
        options = options.store(store);
    }
    let _afterword = options.init()?;
    if arguments.headless {
        without_window(arguments);
        return Ok(());
    }
    // Its error is not Send.
    app::show().map_err(|error| anyhow!("the drawing program's window cannot be shown; try --headless: {error}"))
}

/// A few steps of a person's work, then the crash.
fn without_window(arguments: &Arguments) {
    afterword::set_tag("tool", "brush");
    afterword::set_tag("strokes", 3);
    for message in ["Chose the brush", "Drew three strokes", "Opened the Crash menu"] {
        afterword::add_breadcrumb(Breadcrumb {
            category: Some("ui".to_owned()),
            message: Some(message.to_owned()),
            ..Breadcrumb::default()
        });
    }
    // In a window it is the frame that is watched.
    let _busy = afterword::watch_main_thread(afterword::HANG_AFTER).busy();
    // Not an argument of `log::info!`: what is not logged is not evaluated.
    let survived = crash::run(arguments.crash);
    log::info!("{survived}");
}
