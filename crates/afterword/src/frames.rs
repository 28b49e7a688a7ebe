//! An integration of ours for the Sentry client: which frames are the app's own, and neither the computer's name nor, in
//! paths, the user's.
//!
//! The SDK tells the app's frames from others by prefixes of function names alone: inlined functions of the standard library
//! (`do_call`, `catch_unwind`) and the C library then look like the app's, and an app whose name begins like ours does not.

use std::borrow::Cow;
use std::sync::OnceLock;

use afterword_channel::Homes;
use sentry::protocol::{Event, Frame, Stacktrace};
use sentry::{ClientOptions, Integration};

use crate::{panics, scope, trace};

/// Placed last among the integrations.
pub(crate) struct OwnFrames {
    /// What the app says that the computer is called, if anything.
    pub(crate) server_name: Option<Cow<'static, str>>,
}

impl Integration for OwnFrames {
    fn name(&self) -> &'static str {
        "afterword"
    }

    fn setup(&self, options: &mut ClientOptions) {
        // The contexts integration puts the host name there. On a desktop it names a person as often as not.
        options.server_name.clone_from(&self.server_name);
    }

    fn process_event(&self, mut event: Event<'static>, _options: &ClientOptions) -> Option<Event<'static>> {
        scope::lift_request(&mut event);
        trace::forget_said(&mut event.contexts);
        panics::note_recovered(&event);
        let exceptions = event
            .exception
            .values
            .iter_mut()
            .filter_map(|exception| exception.stacktrace.as_mut());
        let threads = event
            .threads
            .values
            .iter_mut()
            .filter_map(|thread| thread.stacktrace.as_mut());
        for stacktrace in exceptions.chain(threads).chain(event.stacktrace.as_mut()) {
            for frame in &mut stacktrace.frames {
                frame.in_app = Some(is_in_app(frame));
                mask_paths(frame, homes());
            }
        }
        Some(event)
    }
}

/// Those of this user, worked out with the first event.
fn homes() -> &'static Homes {
    static HOMES: OnceLock<Homes> = OnceLock::new();
    HOMES.get_or_init(Homes::without_asking)
}

/// Masks the user's name where the frame's source or module lies in their home.
fn mask_paths(frame: &mut Frame, homes: &Homes) {
    for path in [&mut frame.abs_path, &mut frame.filename, &mut frame.package]
        .into_iter()
        .flatten()
    {
        *path = homes.mask_text(path).into_owned();
    }
}

/// Leaves out what lies above the panicking function: the hook, and the machinery that called it. On the wire the innermost
/// frame is the last.
pub(crate) fn leave_out_panic_machinery(stacktrace: &mut Stacktrace) {
    let machinery = stacktrace.frames.iter().position(|frame| {
        let function = frame.function.as_deref().unwrap_or_default();
        [
            "core::panicking::",
            "rust_begin_unwind",
            "__rustc::rust_begin_unwind",
            "std::panicking::begin_panic",
        ]
        .iter()
        .any(|start| function.starts_with(start))
    });
    if let Some(first) = machinery {
        stacktrace.frames.truncate(first);
    }
}

/// Code whose source is the app's: not the compiler's library, not a crate from the registry, not the C library (which has
/// no source or a relative path into its own tree), not us.
fn is_in_app(frame: &Frame) -> bool {
    let function = frame.function.as_deref().unwrap_or_default();
    let Some(path) = frame.abs_path.as_deref() else {
        return false;
    };
    let foreign_path = [
        "/rustc/",
        "/.cargo/registry/",
        "/.cargo/git/",
        "/.rustup/toolchains/",
        "/sysdeps/",
        "./nptl/",
        "./csu/",
    ]
    .iter()
    .any(|part| path.contains(part));
    let ours = ["afterword::", "afterword_channel::", "<afterword::"]
        .iter()
        .any(|start| function.starts_with(start));
    !foreign_path && !ours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, path: Option<&str>) -> Frame {
        Frame {
            function: Some(function.to_owned()),
            abs_path: path.map(str::to_owned),
            ..Frame::default()
        }
    }

    #[test]
    fn the_users_name_is_masked_in_paths_alone() {
        let mut frame = frame("main::main", Some("/home/main/main/src/main.rs"));
        frame.filename = Some("main.rs".to_owned());
        frame.package = Some("/home/main/bin/main".to_owned());
        mask_paths(&mut frame, &Homes::from_paths(["/home/main".into()]));
        assert_eq!(frame.abs_path.as_deref(), Some("/home/****/main/src/main.rs"));
        assert_eq!(frame.package.as_deref(), Some("/home/****/bin/main"));
        assert_eq!(
            (frame.filename.as_deref(), frame.function.as_deref()),
            (Some("main.rs"), Some("main::main"))
        );
    }

    #[test]
    fn what_a_caller_says_of_its_trace_is_not_sent_with_an_event() {
        let ours = OwnFrames { server_name: None };
        let mut event = Event::default();
        for name in ["afterword.baggage", "mine"] {
            event
                .contexts
                .insert(name.to_owned(), sentry::protocol::Context::Other(Default::default()));
        }
        let seen = ours.process_event(event, &ClientOptions::new()).unwrap();
        assert_eq!(seen.contexts.keys().collect::<Vec<_>>(), ["mine"]);
    }

    #[test]
    fn only_the_apps_own_source_is_in_app() {
        for (function, path, expected) in [
            (
                "afterword_demo::canvas::shrink",
                Some("/home/a/demo/src/canvas.rs"),
                true,
            ),
            (
                "do_call<closure>",
                Some("/rustc/5980/library/std/src/panicking.rs"),
                false,
            ),
            ("start_thread", Some("./nptl/pthread_create.c"), false),
            ("clone3", Some("./misc/../sysdeps/unix/clone3.S"), false),
            (
                "serde_json::from_str",
                Some("/home/a/.cargo/registry/src/x/serde_json/de.rs"),
                false,
            ),
            ("set_alt_signal_stack_and_start", None, false),
            (
                "afterword::panics::on_panic",
                Some("/home/a/afterword/src/panics.rs"),
                false,
            ),
        ] {
            assert_eq!(is_in_app(&frame(function, path)), expected, "{function}");
        }
    }

    #[test]
    fn a_panic_begins_at_the_function_that_panicked() {
        let mut stacktrace = Stacktrace {
            frames: [
                "main",
                "app::paint",
                "core::panicking::panic_fmt",
                "rust_begin_unwind",
                "afterword::panics::on_panic",
            ]
            .map(|function| frame(function, None))
            .to_vec(),
            ..Stacktrace::default()
        };
        leave_out_panic_machinery(&mut stacktrace);
        let functions: Vec<_> = stacktrace
            .frames
            .iter()
            .filter_map(|frame| frame.function.as_deref())
            .collect();
        assert_eq!(functions, ["main", "app::paint"]);
    }
}
