//! How long a dialog takes to its first frame, and what it holds then. Started by `cargo xtask bench dialog`.
//!
//! ```text
//! first_frame PROGRAM ARGUMENT…      such as: first_frame target/dist/afterword-reporter --afterword-dialog software
//! ```
//! Starts the program again and again under an Xvfb of its own, gives it a question, and waits until it says that it is
//! shown. Prints the time from its start, and of `/proc/<pid>/status` what is resident then: in all, of that its own, and of
//! files.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use afterword_dialog::{Asked, Details, FromDialog, ToDialog, read_message, write_message};
use afterword_store::{ReportId, ReportKind};

const RUNS: usize = 15;
/// How long a window stays before the next: another process of a desktop does not start in the same moment either.
const PAUSE: Duration = Duration::from_millis(200);

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let program: Vec<String> = std::env::args().skip(1).collect();
    let measured = on_a_display(|display| measure(&program, display))
        .and_then(|words| Ok(writeln!(std::io::stdout(), "{words}")?));
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when even this fails.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn on_a_display(measure: impl FnOnce(&str) -> Result<String, Failure>) -> Result<String, Failure> {
    let screen = ["-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"];
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1"])
        .args(screen)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let measured = name_of(&mut server).and_then(|display| measure(&display));
    server.kill()?;
    server.wait()?;
    measured
}

fn name_of(server: &mut Child) -> Result<String, Failure> {
    let mut number = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut number)?;
    Ok(format!(":{}", number.trim()))
}

fn measure(program: &[String], display: &str) -> Result<String, Failure> {
    // The first is left out: its files are read from the disk.
    once(program, display)?;
    let runs = (0..RUNS)
        .map(|_| once(program, display))
        .collect::<Result<Vec<Run>, Failure>>()?;
    let line = |what: &str, unit: &str, of: fn(&Run) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (values[0], values[RUNS - 1]);
        format!("{what} {:.1} {unit} ({least:.1}–{most:.1})", values[RUNS / 2])
    };
    Ok([
        line("first frame", "ms", |run| run.first_frame.as_secs_f64() * 1000.0),
        line("resident", "MB", |run| run.resident),
        line("of that its own", "MB", |run| run.own),
        line("of files", "MB", |run| run.files),
    ]
    .join("; "))
}

struct Run {
    first_frame: Duration,
    resident: f64,
    own: f64,
    files: f64,
}

fn once(program: &[String], display: &str) -> Result<Run, Failure> {
    let (name, arguments) = program.split_first().ok_or("a program is needed, and its arguments")?;
    let started = Instant::now();
    let mut dialog = Command::new(name)
        .args(arguments)
        .env("DISPLAY", display)
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut input = dialog.stdin.take().ok_or("no input")?;
    let mut output = BufReader::new(dialog.stdout.take().ok_or("no output")?);
    write_message(&mut input, &ToDialog::Show(Box::new(asked())))?;
    let said = read_message::<FromDialog>(&mut output)?;
    let first_frame = started.elapsed();
    std::thread::sleep(PAUSE);
    let status = std::fs::read_to_string(format!("/proc/{}/status", dialog.id()))?;
    dialog.kill()?;
    dialog.wait()?;
    if said != Some(FromDialog::Shown) {
        return Err(format!("it was not shown: {said:?}").into());
    }
    let megabytes = |field: &str| -> Result<f64, Failure> {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.split_whitespace().next());
        // `kB` there are 1,024 bytes.
        Ok(number.ok_or("the system does not say it")?.parse::<f64>()? * 1024.0 / 1e6)
    };
    Ok(Run {
        first_frame,
        resident: megabytes("VmRSS:")?,
        own: megabytes("RssAnon:")?,
        files: megabytes("RssFile:")?,
    })
}

fn asked() -> Asked {
    Asked {
        store_root: PathBuf::from("/dev/null/nowhere"),
        app: "inkwell".to_owned(),
        report_id: ReportId::random(),
        app_name: "Inkwell".to_owned(),
        kind: ReportKind::Crash,
        signal: Some("SIGSEGV".to_owned()),
        address: None,
        message: None,
        server: Some("crashes.inkwell.example".to_owned()),
        release: Some("inkwell@2.3.0".to_owned()),
        privacy_url: None,
        update_url: None,
        can_restart: true,
        documents: Vec::new(),
        asked_at: time::OffsetDateTime::UNIX_EPOCH,
        details: Details::default(),
    }
}
