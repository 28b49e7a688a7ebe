//! The user's name in paths: masked in what is kept, and put back to find files on this machine.

use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use afterword_channel::Homes;
use afterword_symbols::{ProcessedCrash, Sources};

/// A list of users that is on a server may be out of reach, and an app that crashed waits.
const ASKING_TAKES: Duration = Duration::from_millis(300);

/// The homes of the user, asked for once in a process. Waits for a short while at the most.
pub(crate) fn homes() -> Homes {
    static HOMES: OnceLock<Homes> = OnceLock::new();
    HOMES
        .get_or_init(|| {
            let (answer, answered) = mpsc::channel();
            let asking = std::thread::Builder::new()
                .name("homes".to_owned())
                .spawn(move || answer.send(Homes::of_this_user()));
            let answered = asking.ok().and_then(|_| answered.recv_timeout(ASKING_TAKES).ok());
            answered.unwrap_or_else(Homes::without_asking)
        })
        .clone()
}

/// A path of this machine that was masked when it was written down, as it is.
#[cfg(target_os = "linux")]
pub(crate) fn unmasked(path: &str, homes: &Homes) -> String {
    homes
        .path_map()
        .iter()
        .find_map(|(masked, real)| {
            let rest = path.strip_prefix(masked.as_str())?;
            let ends = rest.is_empty() || rest.starts_with(['/', '\\']);
            ends.then(|| format!("{}{rest}", real.display()))
        })
        .unwrap_or_else(|| path.to_owned())
}

/// Where to look for symbols on this machine: in and beside the modules' own files, those in the user's home included, whose
/// paths are masked in the dump.
pub fn local_sources() -> Sources {
    Sources {
        local_files: true,
        path_map: homes().path_map(),
        ..Sources::default()
    }
}

/// Masks the user's name in all paths of a processed crash: it was made on this machine, whose files and sources were found
/// by their real paths. Names of functions are left alone.
pub(crate) fn mask_crash(crash: &mut ProcessedCrash, homes: &Homes) {
    let masked = |text: &mut String| {
        if let std::borrow::Cow::Owned(masked) = homes.mask_text(text) {
            *text = masked;
        }
    };
    for frame in crash.threads.iter_mut().flat_map(|thread| &mut thread.frames) {
        frame.file.iter_mut().for_each(masked);
    }
    for module in &mut crash.modules {
        masked(&mut module.path);
        module.debug_file.iter_mut().for_each(masked);
        if let Some(file) = &mut module.symbol_file {
            let mut path = file.to_string_lossy().into_owned();
            masked(&mut path);
            *file = path.into();
        }
    }
    crash.soft_errors.iter_mut().for_each(masked);
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterword_symbols::{Frame, Module, Thread};

    #[test]
    fn what_was_masked_is_found_again() {
        let homes = Homes::from_paths(["/home/main".into(), "/home/main/snap/x1".into()]);
        for path in [
            "/home/main/main",
            "/home/main",
            "/home/main/snap/x1/app (deleted)",
            "/usr/bin/main",
        ] {
            assert_eq!(unmasked(&homes.mask_text(path), &homes), path);
        }
        assert_eq!(unmasked("/home/*****/x", &homes), "/home/*****/x");
        assert_eq!(unmasked("/home/****x", &homes), "/home/****x");
    }

    #[test]
    fn paths_are_masked_and_names_of_functions_are_not() {
        let homes = Homes::from_paths(["/home/main".into()]);
        let frame = Frame {
            function: Some("main".to_owned()),
            module: Some("main".to_owned()),
            file: Some("/home/main/main/main.rs".to_owned()),
            ..Frame::default()
        };
        let mut crash = ProcessedCrash {
            signature: "main".to_owned(),
            threads: vec![Thread {
                name: Some("main".to_owned()),
                frames: vec![frame],
                ..Thread::default()
            }],
            modules: vec![Module {
                name: "main".to_owned(),
                path: "/home/main/bin/main (deleted)".to_owned(),
                debug_file: Some("/home/main/main".to_owned()),
                symbol_file: Some("/home/main/main.debug".into()),
                ..Module::default()
            }],
            soft_errors: vec!["cannot read '/home/main/main'".to_owned()],
            ..ProcessedCrash::default()
        };
        mask_crash(&mut crash, &homes);
        let json = serde_json::to_string(&crash).unwrap();
        assert!(!json.contains("/home/main"), "{json}");
        let frame = &crash.threads[0].frames[0];
        assert_eq!(frame.file.as_deref(), Some("/home/****/main/main.rs"));
        assert_eq!(
            (frame.function.as_deref(), frame.module.as_deref()),
            (Some("main"), Some("main"))
        );
        assert_eq!(
            (crash.signature.as_str(), crash.modules[0].name.as_str()),
            ("main", "main")
        );
        assert_eq!(crash.modules[0].path, "/home/****/bin/main (deleted)");
        assert_eq!(crash.soft_errors, ["cannot read '/home/****/main'"]);
    }
}
