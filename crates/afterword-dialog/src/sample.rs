//! A report to ask about, for the tests.

use std::path::Path;

use afterword_store::{ReportId, ReportKind};

use crate::message::{Asked, BreadcrumbLine, Details, FrameLine, ModuleLine, StreamLine};

pub(crate) fn asked() -> Asked {
    Asked {
        store_root: Path::new("/dev/null/nowhere").to_owned(),
        app: "inkwell".to_owned(),
        report_id: "6f0e2b1c-9a57-4d0e-8f11-0d6a1c2b3e4f".parse().unwrap(),
        app_name: "Inkwell".to_owned(),
        kind: ReportKind::Crash,
        signal: Some("SIGSEGV".to_owned()),
        address: None,
        message: None,
        server: Some("crashes.example.org".to_owned()),
        release: Some("inkwell@2.3.0".to_owned()),
        privacy_url: None,
        update_url: None,
        can_restart: true,
        documents: Vec::new(),
        asked_at: time::OffsetDateTime::UNIX_EPOCH,
        details: Details {
            stack: None,
            tags: vec![("renderer".to_owned(), "glow".to_owned())],
            breadcrumbs: vec![BreadcrumbLine {
                time: "14:03:19".to_owned(),
                category: "render".to_owned(),
                level: "warning".to_owned(),
                message: "Tile cache is full".to_owned(),
            }],
            contexts: vec![("os.name".to_owned(), "Debian GNU/Linux".to_owned())],
            modules: vec![ModuleLine {
                path: "/usr/bin/inkwell".to_owned(),
                debug_id: Some("8A3F51D2-0000-4000-8000-5F1B00C0FFEE".to_owned()),
                address: Some(0x5581_0000_0000),
                size_bytes: Some(4_194_304),
            }],
            streams: vec![
                StreamLine {
                    name: Some("ThreadListStream".to_owned()),
                    number: 3,
                    offset: 32,
                    size_bytes: 64,
                },
                StreamLine {
                    name: None,
                    number: 0x4767_0001,
                    offset: 96,
                    size_bytes: 16,
                },
            ],
            removed: vec!["environment variables".to_owned()],
        },
    }
}

pub(crate) fn stack() -> Vec<FrameLine> {
    let own = |function: &str, line, inline| FrameLine {
        function: Some(function.to_owned()),
        file: Some("src/canvas.rs".to_owned()),
        line: Some(line),
        module: Some("inkwell".to_owned()),
        in_app: true,
        inline,
    };
    let other = |function: Option<&str>| FrameLine {
        function: function.map(str::to_owned),
        module: Some("libc.so.6".to_owned()),
        ..FrameLine::default()
    };
    vec![
        own("inkwell::tiles::pixels_mut", 212, true),
        own("inkwell::canvas::undo", 488, false),
        other(Some("__libc_start_main")),
        other(None),
    ]
}

/// The event of the stored report.
pub(crate) const EVENT: &str = r#"{"contexts":{"os":{"name":"Debian"}},"user":{"id":"a1b2"}}"#;

/// The minidump of the stored report: no real one, but each byte tells where it is. More than one page.
pub(crate) fn minidump() -> Vec<u8> {
    let mut bytes = b"MDMP".to_vec();
    bytes.extend((4..100_000_u32).map(|at| (at % 251) as u8));
    bytes
}

/// A report that really lies in a store below `root`, and the question about it.
pub(crate) fn stored(root: &Path) -> (afterword_store::Store, Asked) {
    use afterword_store::{AppId, ConsentPolicy, ReportFile, ReportInfo, Store};
    let asked = Asked {
        store_root: root.to_owned(),
        ..asked()
    };
    let store = Store::open(root, &AppId::new(&asked.app).unwrap()).unwrap();
    let info = ReportInfo {
        version: ReportInfo::VERSION,
        report_id: asked.report_id,
        event_id: ReportId::random().uuid(),
        kind: ReportKind::Crash,
        dsn: "https://key@crashes.example.org/1".to_owned(),
        app_name: asked.app_name.clone(),
        release: asked.release.clone(),
        environment: None,
        captured_at: time::OffsetDateTime::UNIX_EPOCH,
        reason: "SIGSEGV".to_owned(),
        signal: Some("SIGSEGV".to_owned()),
        address: Some(0),
        message: None,
        thread_name: None,
        event: serde_json::Value::Null,
        removed: vec![],
        soft_errors: vec![],
        policy: ConsentPolicy::Ask,
    };
    let report = store.begin_report(asked.report_id).unwrap();
    report.write(ReportFile::Minidump, &minidump()).unwrap();
    report.write(ReportFile::Event, EVENT.as_bytes()).unwrap();
    report.commit(&info).unwrap();
    (store, asked)
}
