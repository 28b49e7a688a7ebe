//! An app that uses what Afterword gives its clients, one thing after the other.
//!
//! `sdk --options JSON ACT…`. Its reporter is `afterword-reporter`, beside it, unless the options name another.

mod acts;
mod errors;
mod hooks;

use afterword::{Guard, Options};
use clap::Parser;

use acts::Act;
use hooks::Hook;

#[derive(Parser)]
struct Arguments {
    /// A settings table, as JSON.
    #[arg(long, default_value = "{}")]
    options: String,
    /// Hooks of the options.
    #[arg(long)]
    hook: Vec<Hook>,
    /// Set up the Sentry SDK itself, and attach.
    #[arg(long)]
    attach: bool,
    acts: Vec<Act>,
}

fn main() {
    env_logger::init();
    let arguments = Arguments::parse();
    let options: Options = match serde_json::from_str(&arguments.options) {
        Ok(options) => options,
        Err(error) => fail(&error.to_string()),
    };
    let options = arguments.hook.iter().fold(options, |options, hook| hook.set(options));
    let set_up = if arguments.attach {
        options.start()
    } else {
        options.init()
    };
    let guard = set_up.unwrap_or_else(|error| fail(&error.to_string()));
    let _sentry = arguments.attach.then(|| attach(&guard));
    afterword::set_tag("paint", "wet");
    for act in arguments.acts {
        act.perform();
    }
    drop(guard);
}

/// As an app does that has set up the SDK before it knew of us.
fn attach(guard: &Guard) -> afterword::sentry::ClientInitGuard {
    let theirs = afterword::sentry::ClientOptions::new()
        .release("attached@2.0.0")
        .before_send(|mut event| {
            event.tags.insert("hook".to_owned(), "theirs".to_owned());
            Some(event)
        });
    afterword::sentry::init(guard.attach(theirs))
}

#[expect(clippy::print_stderr, reason = "this is a program")]
fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(2)
}
