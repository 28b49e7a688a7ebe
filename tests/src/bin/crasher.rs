//! A program that embeds Afterword and ends in the way it is told to: what the tests crash.
//!
//! `crasher KIND --store DIR --dsn DSN`: sets a tag and leaves breadcrumbs as an app would, then does it. With `--without`
//! it does the same without Afterword, so that a test can compare how both end. It is its own reporter unless told otherwise.
#![expect(unsafe_code, reason = "crashing for real takes what safe Rust prevents")]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use afterword::sentry::Breadcrumb;
use afterword::{Consent, Guard, Options, Reporter};
use afterword_reporter::dialog::{Asked, FromDialog, ToDialog, save_answer};
use afterword_reporter::{Conversation, Shell};
use afterword_store::Decision;
use clap::{Parser, ValueEnum};

#[derive(Parser)]
struct Arguments {
    kind: Kind,
    #[arg(long)]
    store: Option<PathBuf>,
    #[arg(long, default_value = "http://key@127.0.0.1:9/1")]
    dsn: String,
    /// `itself`, `beside`, or a path.
    #[arg(long, default_value = "itself")]
    reporter: String,
    #[arg(long, default_value = "ask")]
    consent: String,
    #[arg(long, default_value_t = 10_000)]
    deadline_ms: u64,
    /// Crash without Afterword.
    #[arg(long)]
    without: bool,
    /// A file to hold open, whose name must appear nowhere in a report.
    #[arg(long)]
    open: Option<PathBuf>,
    /// Not used: an argument that is hard to pass on.
    #[arg(long)]
    odd: Option<String>,
    /// Where to note, one line each, how this process was started: arguments, folder, umask, inherited descriptors.
    #[arg(long)]
    note: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    NullWrite,
    /// Crashes at the first start, ends cleanly at the second: the note tells them apart.
    NullWriteOnce,
    WildWrite,
    Abort,
    StackOverflowThread,
    Divide,
    Panic,
    PanicThread,
    /// A panic on the main thread that the app catches.
    PanicCaught,
    /// A panic on the main thread, caught, and then a crash: two reports.
    PanicCaughtThenNullWrite,
    /// A message through the SDK.
    Message,
    CleanExit,
    /// `exit` without dropping the guard.
    Exit,
    /// A tag through `sentry::configure_scope`, then a while, then a crash.
    ForeignScope,
    /// Waits until it is killed.
    Wait,
    /// Forks; the child crashes, the parent ends cleanly.
    ForkedChild,
    /// Twenty threads crash at once, in a program whose own handler takes its time: they all reach ours.
    Simultaneous,
    /// Kills its own reporter, then crashes.
    ReporterKilled,
    /// A crash on a worker while the main thread's panic is being dumped, again and again.
    PanicAndCrash,
}

fn main() {
    afterword_reporter::Reporter::new().shell(GivenAnswer).run_if_asked();
    let inherited = descriptors();
    env_logger::Builder::from_default_env().init();
    let arguments = Arguments::parse();
    if arguments.kind == Kind::Simultaneous {
        die_slowly();
    }
    let guard = (!arguments.without).then(|| init(&arguments));
    let again = arguments.note.as_ref().is_some_and(|note| note.exists());
    prepare(&arguments, inherited);
    if !(again && arguments.kind == Kind::NullWriteOnce) {
        end(arguments.kind);
    }
    drop(guard);
}

fn init(arguments: &Arguments) -> Guard {
    let reporter = match arguments.reporter.as_str() {
        "itself" => Reporter::Itself,
        "beside" => Reporter::Beside,
        path => Reporter::At(path.into()),
    };
    let consent = match arguments.consent.as_str() {
        "always" => Consent::Always,
        "never" => Consent::Never,
        _ => Consent::Ask,
    };
    let mut options = Options::new(&arguments.dsn)
        .app_name("Crasher")
        .release("crasher@1.2.3")
        .environment("test")
        .reporter(reporter)
        .consent(consent)
        .deadline_ms(arguments.deadline_ms);
    if let Some(store) = &arguments.store {
        options = options.store(store);
    }
    options.init().expect("the DSN is valid")
}

fn prepare(arguments: &Arguments, inherited: usize) {
    afterword::set_tag("paint", "wet");
    for message in ["opened", "drew", "pressed the button"] {
        afterword::add_breadcrumb(Breadcrumb {
            category: Some("ui".to_owned()),
            message: Some(message.to_owned()),
            ..Breadcrumb::default()
        });
    }
    black_box(&arguments.odd);
    if let Some(path) = &arguments.open {
        std::mem::forget(std::fs::File::create(path).expect("the file can be made"));
    }
    if let Some(path) = &arguments.note {
        note(path, inherited);
    }
}

/// How many descriptors are open, without the one that looks.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, |open| open.count().saturating_sub(1))
}

fn note(path: &std::path::Path, inherited: usize) {
    // SAFETY: umask only swaps a number; it is put back at once, and no other thread makes files now.
    let umask = unsafe {
        let umask = libc::umask(0);
        libc::umask(umask);
        umask
    };
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|a| format!("{a:?}")).collect();
    let folder = std::env::current_dir().expect("there is a folder");
    let line = format!(
        "{} in {} {umask:03o} {inherited}\n",
        arguments.join(" "),
        folder.display()
    );
    let mut file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path)
        .expect("the note can be made");
    std::io::Write::write_all(&mut file, line.as_bytes()).expect("the note can be written");
}

/// Not inlined, so that it is on every stack.
#[inline(never)]
fn end(kind: Kind) {
    match kind {
        Kind::NullWrite | Kind::NullWriteOnce => fill_pixel(std::ptr::null_mut()),
        Kind::WildWrite => fill_pixel(std::ptr::without_provenance_mut(0x0dea_dbee_f000)),
        Kind::Abort => give_up(),
        Kind::StackOverflowThread => {
            let thread = std::thread::Builder::new()
                .name("deep".to_owned())
                .spawn(|| dig(black_box(0)));
            black_box(thread.map(|thread| thread.join().ok()).ok());
        }
        Kind::Divide => divide(black_box(0)),
        Kind::Panic => pick(black_box(8)),
        Kind::PanicThread => {
            let thread = std::thread::Builder::new()
                .name("worker".to_owned())
                .spawn(|| pick(black_box(8)));
            assert!(thread.is_ok_and(|thread| thread.join().is_err()));
        }
        Kind::PanicCaught => assert!(std::panic::catch_unwind(|| pick(black_box(8))).is_err()),
        Kind::PanicCaughtThenNullWrite => {
            assert!(std::panic::catch_unwind(|| pick(black_box(8))).is_err());
            fill_pixel(std::ptr::null_mut());
        }
        Kind::Message => {
            afterword::sentry::capture_message("the palette is empty", afterword::sentry::Level::Warning);
        }
        Kind::CleanExit => {}
        Kind::Exit => std::process::exit(7),
        Kind::ForeignScope => {
            afterword::sentry::configure_scope(|scope| scope.set_tag("foreign", "yes"));
            std::thread::sleep(std::time::Duration::from_millis(4000));
            fill_pixel(std::ptr::null_mut());
        }
        Kind::Wait => loop {
            std::thread::park();
        },
        Kind::ForkedChild => fork_and_crash(),
        Kind::Simultaneous => {
            let barrier = std::sync::Barrier::new(20);
            std::thread::scope(|scope| {
                for _ in 0..20 {
                    scope.spawn(|| {
                        barrier.wait();
                        fill_pixel(std::ptr::null_mut());
                    });
                }
            });
        }
        Kind::ReporterKilled => {
            kill_reporter();
            fill_pixel(std::ptr::null_mut());
        }
        Kind::PanicAndCrash => {
            std::thread::spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(300));
                fill_pixel(std::ptr::null_mut());
            });
            loop {
                assert!(std::panic::catch_unwind(|| pick(black_box(8))).is_err());
            }
        }
    }
}

#[inline(never)]
fn fill_pixel(pixel: *mut u32) {
    // SAFETY: none: this is the crash. The instruction is written here, since debug builds check writes through null.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov dword ptr [{}], 7", in(reg) pixel);
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("str wzr, [{}]", in(reg) pixel);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        libc::memset(pixel.cast(), 7, 4);
    }
    black_box(pixel);
}

#[inline(never)]
fn give_up() {
    std::process::abort();
}

#[inline(never)]
fn dig(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    if depth == u64::MAX {
        0
    } else {
        dig(depth + 1) + room[(depth % 64) as usize]
    }
}

#[inline(never)]
fn divide(by: u32) {
    // SAFETY: none: this is the crash.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("div {:e}", in(reg) by, inout("eax") 1 => _, inout("edx") 0 => _);
        // Elsewhere a division by zero is no fault.
        #[cfg(not(target_arch = "x86_64"))]
        libc::raise(libc::SIGFPE);
    }
    black_box(by);
}

#[inline(never)]
fn pick(index: usize) {
    let palette = black_box([1, 2, 3]);
    black_box(palette[index]);
}

fn fork_and_crash() {
    // SAFETY: the child only crashes; the parent only waits for it.
    unsafe {
        match libc::fork() {
            0 => fill_pixel(std::ptr::null_mut()),
            child => {
                let mut status = 0;
                libc::waitpid(child, &raw mut status, 0);
                assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV);
            }
        }
    }
}

/// A handler of the app's own, as it was before ours: waits a while, then ends the program.
fn die_slowly() {
    extern "C" fn handler(signal: libc::c_int) {
        // SAFETY: each of them may be called in a signal handler.
        unsafe {
            libc::poll(std::ptr::null_mut(), 0, 500);
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
    // SAFETY: the handler calls only what a handler may call.
    unsafe {
        libc::signal(libc::SIGSEGV, handler as *const () as libc::sighandler_t);
    }
}

/// The reporter is the process whose arguments name the one descriptor that is our socket's other end; here: the only
/// `afterword-reporter` that has our run file open.
fn kill_reporter() {
    let ours = std::fs::read_dir("/proc/self/fd")
        .expect("/proc")
        .flatten()
        .find_map(|entry| {
            let target = std::fs::read_link(entry.path()).ok()?;
            target.ends_with("run").then_some(target)
        });
    let ours = ours.expect("the run file is open");
    loop {
        let reporter = std::fs::read_dir("/proc").expect("/proc").flatten().find_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            if pid == std::process::id() as i32 {
                return None;
            }
            let has_it = std::fs::read_dir(entry.path().join("fd"))
                .ok()?
                .flatten()
                .any(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == ours));
            has_it.then_some(pid)
        });
        match reporter {
            // SAFETY: it is our own reporter; nobody else has this run's file open.
            Some(pid) => unsafe {
                libc::kill(pid, libc::SIGKILL);
            },
            None => return,
        }
    }
}

/// The person of a test that has one: `CRASHER_ANSWER` is `send`, `cancel` (right after it), `restart` (and send),
/// `dont-send` or `later`.
struct GivenAnswer;

impl Shell for GivenAnswer {
    fn name(&self) -> &'static str {
        "test"
    }

    fn open(&self, asked: &Asked, events: Sender<FromDialog>) -> Result<Box<dyn Conversation>, String> {
        let answer = std::env::var("CRASHER_ANSWER").map_err(|_| "no answer is given".to_owned())?;
        let restart = answer == "restart";
        let decision = match answer.as_str() {
            "send" | "cancel" | "restart" => Some(Decision::Send),
            "dont-send" => Some(Decision::DontSend),
            _ => None,
        };
        if let Some(decision) = decision {
            let comment = Some("it was wet".to_owned());
            save_answer(asked, decision, comment, restart, std::time::SystemTime::now().into())
                .map_err(|e| e.to_string())?;
            events.send(FromDialog::Answered).map_err(|e| e.to_string())?;
            if answer == "cancel" {
                events.send(FromDialog::Cancel).map_err(|e| e.to_string())?;
            }
        }
        events.send(FromDialog::Closed).map_err(|e| e.to_string())?;
        Ok(Box::new(Silent))
    }
}

struct Silent;

impl Conversation for Silent {
    fn tell(&mut self, _message: &ToDialog) {}
}
