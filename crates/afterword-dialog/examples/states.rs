//! Opens the dialog in a named state with sample data, for pictures and for looking at it.
//!
//! ```text
//! cargo run -p afterword-dialog --example states -- STATE [light|dark|system] [long] [software] [LANGUAGE]
//! cargo run -p afterword-dialog --example states -- run [software]      the dialog process itself: messages on standard input
//! LANGUAGE: its tag, such as `de`; without, the desktop's
//! STATE: asking no-restart details context breadcrumbs modules files bytes text copy pending preparing progress cancelling
//!        sent waiting refused cancelled not-saved
//! ```
//! Messages go to standard output; the report lies in a store that is gone with the window.

use std::io::{BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

use afterword_dialog::{
    Asked, BreadcrumbLine, Details, FrameLine, Language, ModuleLine, Shell, State, StreamLine, Tab, ToDialog, show,
    write_message,
};
use afterword_store::{AppId, ConsentPolicy, Decision, ReportFile, ReportId, ReportInfo, ReportKind, Store};
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
    let (_root, stored) = match stored() {
        Ok(stored) => stored,
        Err(error) => {
            complain(&format!("the sample cannot be stored: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let asked = if has("long") { long(stored) } else { stored };
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
    let tab = match name {
        "details" | "pending" | "copy" => Some(Tab::Summary),
        "context" => Some(Tab::Context),
        "breadcrumbs" => Some(Tab::Breadcrumbs),
        "modules" => Some(Tab::Modules),
        "files" => Some(Tab::Files),
        "bytes" => Some(Tab::Bytes),
        "text" => Some(Tab::Text),
        _ => None,
    };
    if let Some(tab) = tab {
        state.open_details(true);
        state.open_tab(tab);
    } else if !matches!(name, "asking" | "no-restart" | "not-saved") {
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
        "copy" => {
            state.ask_where_to_copy();
            vec![]
        }
        _ if tab.is_some() => vec![],
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

/// The sample, in a store of its own.
fn stored() -> Result<(tempfile::TempDir, Asked), Box<dyn std::error::Error>> {
    let root = tempfile::tempdir()?;
    let asked = sample(root.path());
    let store = Store::open(root.path(), &AppId::new(&asked.app)?)?;
    let report = store.begin_report(asked.report_id)?;
    let mut dump = b"MDMP\x93\xa7\x00\x00\x0f\x00\x00\x00\x20\x00\x00\x00".to_vec();
    dump.extend(
        (16..846_336_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 & if at % 8 < 5 { 0xff } else { 0 }),
    );
    report.write(ReportFile::Minidump, &dump)?;
    report.write(ReportFile::Event, EVENT.as_bytes())?;
    report.write(ReportFile::Stack, &vec![b' '; 6_664])?;
    report.commit(&ReportInfo {
        version: ReportInfo::VERSION,
        report_id: asked.report_id,
        event_id: ReportId::random().uuid(),
        kind: asked.kind,
        dsn: "https://key@crashes.inkwell.example/1".to_owned(),
        app_name: asked.app_name.clone(),
        release: asked.release.clone(),
        environment: None,
        captured_at: asked.asked_at,
        reason: "SIGSEGV".to_owned(),
        signal: asked.signal.clone(),
        address: asked.address,
        message: None,
        thread_name: None,
        event: serde_json::Value::Null,
        removed: vec![],
        soft_errors: vec![],
        policy: ConsentPolicy::Ask,
    })?;
    Ok((root, asked))
}

fn sample(root: &Path) -> Asked {
    Asked {
        store_root: root.to_owned(),
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
        asked_at: time::OffsetDateTime::now_utc(),
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
        contexts: contexts(),
        modules: modules(),
        streams: streams(),
        removed: vec![
            "environment variables".to_owned(),
            "the command line".to_owned(),
            "what is no address or small number on the stacks".to_owned(),
            "the name of your home folder in paths".to_owned(),
        ],
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

fn contexts() -> Vec<(String, String)> {
    let pairs = [
        ("os.name", "Debian GNU/Linux"),
        ("os.version", "12"),
        ("device.arch", "x86_64"),
        ("device.processor_count", "8"),
        ("user.id", "a1b2"),
    ];
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
}

fn modules() -> Vec<ModuleLine> {
    let modules = [
        ("/usr/bin/inkwell", 0x55d2_4c00_0000, 14_680_064),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", 0x7f3a_1c40_0000, 1_953_792),
        ("/usr/lib/x86_64-linux-gnu/libm.so.6", 0x7f3a_1c00_0000, 909_312),
        (
            "/usr/lib/x86_64-linux-gnu/dri/iris_dri.so",
            0x7f3a_0800_0000,
            25_608_192,
        ),
    ];
    let line = |(path, address, size_bytes): (&str, u64, u64)| ModuleLine {
        path: path.to_owned(),
        debug_id: Some(format!("8A3F51D2-{:04X}-4C11-9E02-5F1B00C0FFEE0", size_bytes % 65_536)),
        address: Some(address),
        size_bytes: Some(size_bytes),
    };
    modules.map(line).to_vec()
}

fn streams() -> Vec<StreamLine> {
    let streams = [
        ("ThreadListStream", 3, 212, 292),
        ("ModuleListStream", 4, 504, 4_756),
        ("MemoryListStream", 5, 5_260, 196),
        ("ExceptionStream", 6, 5_456, 168),
        ("SystemInfoStream", 7, 5_624, 56),
        ("LinuxMaps", 0x4767_0009, 5_680, 18_204),
        ("ThreadNamesStream", 24, 23_884, 100),
    ];
    let line = |(name, number, offset, size_bytes): (&str, u32, u64, u64)| StreamLine {
        name: Some(name.to_owned()),
        number,
        offset,
        size_bytes,
    };
    streams.map(line).to_vec()
}

/// Names and words far longer than anybody planned for.
fn long(mut asked: Asked) -> Asked {
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
