//! Opens the dialog in a named state with sample data, for pictures and for looking at it.
//!
//! ```text
//! cargo run -p afterword-dialog --example states -- STATE [light|dark|system] [long] [software] [LANGUAGE]
//! cargo run -p afterword-dialog --example states -- run [software]      the dialog process itself: messages on standard input
//! LANGUAGE: its tag, such as `de`; without, the desktop's
//! STATE: asking no-restart details text pending preparing progress cancelling sent waiting refused cancelled not-saved
//! ```
//! Messages go to standard output; an answer goes into a store in the temporary folder.

use std::io::{BufReader, Write};
use std::process::ExitCode;

use afterword_dialog::{
    Asked, BreadcrumbLine, Details, FileLine, FrameLine, Language, Shell, State, ToDialog, show, write_message,
};
use afterword_store::{Decision, ReportId, ReportKind};
use egui::ThemePreference;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let theme = match (has("light"), has("dark")) {
        (true, _) => ThemePreference::Light,
        (_, true) => ThemePreference::Dark,
        _ => ThemePreference::System,
    };
    let shell = if has("software") {
        Shell::Software
    } else {
        Shell::Eframe
    };
    let name = arguments.first().map_or("asking", String::as_str);
    if name == "run" {
        return ended(afterword_dialog::run(shell).map_err(Into::into));
    }
    let asked = if has("long") { long() } else { sample() };
    let language = Language::ALL.into_iter().find(|language| has(language.tag()));
    let language = language.unwrap_or_else(Language::of_desktop);
    let Some((state, messages)) = in_state(name, asked, language) else {
        complain(&format!("no state is called {name:?}"));
        return ExitCode::FAILURE;
    };
    ended(open(shell, state, theme, &messages))
}

fn ended(result: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// The pipe stays open as long as the window does, as the reporter's would.
fn open(
    shell: Shell,
    state: State,
    theme: ThemePreference,
    messages: &[ToDialog],
) -> Result<(), Box<dyn std::error::Error>> {
    let (reader, mut writer) = std::io::pipe()?;
    for message in messages {
        write_message(&mut writer, message)?;
    }
    show(shell, state, theme, BufReader::new(reader), std::io::stdout())?;
    drop(writer);
    Ok(())
}

fn complain(words: &str) {
    // Nothing is left to do when even this fails.
    let _ = writeln!(std::io::stderr(), "{words}");
}

fn in_state(name: &str, asked: Asked, language: Language) -> Option<(State, Vec<ToDialog>)> {
    let pending = Asked {
        details: Details {
            stack: None,
            ..asked.details.clone()
        },
        ..asked.clone()
    };
    let mut state = State::new(if name == "pending" { pending } else { asked.clone() }, language);
    let sending = !matches!(
        name,
        "asking" | "no-restart" | "details" | "text" | "pending" | "not-saved"
    );
    if sending {
        state.answered(Decision::Send);
    }
    let progress = ToDialog::Progress {
        sent_bytes: 312_480,
        total_bytes: 871_204,
    };
    let messages = match name {
        "asking" | "preparing" => vec![],
        "no-restart" => {
            let asked = Asked {
                can_restart: false,
                ..asked
            };
            state = State::new(asked, language);
            vec![]
        }
        "details" | "pending" => {
            state.open_details(true);
            vec![]
        }
        "text" => {
            state.open_details(true);
            state.open_raw(true);
            vec![]
        }
        "progress" => vec![progress],
        "sent" => vec![ToDialog::Sent {
            event_id: "9f1c2ab47d0e4b6f8a35c1d2e07f6b90".to_owned(),
            url: Some("https://crashes.inkwell.example/issues/412/".to_owned()),
            known: None,
        }],
        "waiting" => vec![ToDialog::Waiting {
            why: "error sending request: connection refused (os error 111)".to_owned(),
        }],
        "refused" => vec![ToDialog::Refused {
            why: "project quota exceeded: reports of inkwell@2.3.0 are no longer accepted".to_owned(),
        }],
        "cancelled" => vec![ToDialog::Cancelled],
        "not-saved" => {
            state.not_saved("No space left on device (os error 28)");
            vec![]
        }
        _ => return None,
    };
    Some((state, messages))
}

fn sample() -> Asked {
    Asked {
        store_root: std::env::temp_dir().join("afterword-states"),
        app: "inkwell".to_owned(),
        report_id: ReportId::random(),
        app_name: "Inkwell".to_owned(),
        kind: ReportKind::Crash,
        signal: Some("SIGSEGV".to_owned()),
        address: Some(0x18),
        message: None,
        server: Some("crashes.inkwell.example".to_owned()),
        release: Some("inkwell@2.3.0".to_owned()),
        privacy_url: Some("https://inkwell.example/privacy".to_owned()),
        update_url: Some("https://inkwell.example/download".to_owned()),
        can_restart: true,
        documents: vec!["Letters.ink".to_owned(), "Map of the harbour.ink".to_owned()],
        details: details(),
    }
}

const EVENT: &str = r#"{"event_id":"9f1c2ab47d0e4b6f8a35c1d2e07f6b90","level":"fatal","platform":"native","release":"inkwell@2.3.0",
"exception":{"values":[{"type":"SIGSEGV","value":"SEGV_MAPERR at 0x18","stacktrace":{"frames":[{"function":"inkwell::main",
"filename":"src/main.rs","lineno":61,"in_app":true}]}}]},"tags":{"renderer":"glow","document.pages":"14"},
"contexts":{"os":{"name":"Debian GNU/Linux","version":"12"},"device":{"arch":"x86_64"}},"user":{"id":"a1b2"}}"#;

fn details() -> Details {
    let pairs = [
        ("os", "Debian GNU/Linux 12"),
        ("renderer", "glow"),
        ("document.pages", "14"),
        ("locale", "en_GB"),
    ];
    let crumbs = [
        ("14:02:51", "file", "info", "Opened a drawing of 14 pages"),
        ("14:03:07", "ui.click", "info", "Tool: fountain pen"),
        ("14:03:19", "render", "warning", "Tile cache is full, dropping 32 tiles"),
        ("14:03:22", "ui.click", "info", "Edit → Undo"),
    ];
    Details {
        stack: Some(stack()),
        tags: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
        breadcrumbs: crumbs
            .map(|(time, category, level, message)| BreadcrumbLine {
                time: time.to_owned(),
                category: category.to_owned(),
                level: level.to_owned(),
                message: message.to_owned(),
            })
            .to_vec(),
        files: vec![
            file("minidump.dmp", 846_336),
            file("event.json", 18_204),
            file("stack.json", 6_664),
        ],
        removed: vec![
            "environment variables".to_owned(),
            "the command line".to_owned(),
            "what is no address or small number on the stacks".to_owned(),
            "the name of your home folder in paths".to_owned(),
        ],
        raw_event: Some(afterword_dialog::text::whole_report(EVENT.as_bytes()).0),
        raw_left_out_bytes: 0,
    }
}

fn stack() -> Vec<FrameLine> {
    let own = |function: &str, file: &str, line: u32, inline: bool| FrameLine {
        function: Some(function.to_owned()),
        file: Some(file.to_owned()),
        line: Some(line),
        module: Some("inkwell".to_owned()),
        in_app: true,
        inline,
    };
    let other = |function: &str, module: &str| FrameLine {
        function: Some(function.to_owned()),
        module: Some(module.to_owned()),
        ..FrameLine::default()
    };
    vec![
        own("inkwell::tiles::Tile::pixels_mut", "src/tiles.rs", 212, true),
        own("inkwell::canvas::Canvas::undo_stroke", "src/canvas.rs", 488, false),
        own("inkwell::history::History::step_back", "src/history.rs", 97, false),
        other(
            "<alloc::vec::Vec<T, A> as core::ops::index::Index<I>>::index",
            "inkwell",
        ),
        own("inkwell::ui::menu::on_edit", "src/ui/menu.rs", 154, false),
        other("winit::platform_impl::linux::x11::EventLoop<T>::pump_events", "inkwell"),
        own("inkwell::main", "src/main.rs", 61, false),
        other("std::rt::lang_start", "inkwell"),
        other("__libc_start_main", "libc.so.6"),
    ]
}

fn file(name: &str, size_bytes: u64) -> FileLine {
    FileLine {
        name: name.to_owned(),
        size_bytes,
    }
}

/// Names and words far longer than anybody planned for.
fn long() -> Asked {
    let mut asked = sample();
    asked.app_name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".to_owned();
    asked.kind = ReportKind::Panic;
    asked.message = Some("unbreakable".repeat(20));
    asked.server = Some(format!("{}.example", "crashes-".repeat(12)));
    asked.release = Some(format!("inkwell@2.3.0+{}", "0123456789abcdef".repeat(5)));
    asked.details.tags.push(("k".repeat(60), "v".repeat(300)));
    if let Some(frames) = &mut asked.details.stack {
        let types = "inkwell::Node<".repeat(12);
        frames[1].function = Some(format!("{types}u8{}::visit", ">".repeat(12)));
        frames[1].file = Some(format!("{}canvas.rs", "a-very-deep-folder/".repeat(8)));
    }
    asked
}
