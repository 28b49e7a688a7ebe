//! A program that has set up the Sentry SDK before it knew of us: `SENTRY_DSN=… cargo run -p afterword-examples --example attach`
//!
//! Its own options stay as they are. What changes: crashes are reported too, nothing is sent without consent, and what was
//! captured survives the end of the program.

use afterword::{Options, Reporter, sentry};

#[expect(clippy::print_stdout, reason = "this is a program")]
fn main() -> anyhow::Result<()> {
    afterword_reporter::run_if_asked();
    let afterword = Options::default()
        .app_name("Attach example")
        .reporter(Reporter::Itself)
        .start()?;
    // Before: `let _sentry = sentry::init(options);`
    let options = sentry::ClientOptions::new()
        .maybe_release(sentry::release_name!())
        .before_send(|mut event| {
            event.tags.insert("through".to_owned(), "the SDK".to_owned());
            Some(event)
        });
    let _sentry = sentry::init(afterword.attach(options));

    let id = sentry::capture_message("captured as ever", sentry::Level::Warning);
    println!("{id}");
    Ok(())
}
