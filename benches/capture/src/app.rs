//! The application that is measured, but for the library that watches it.
#![expect(unsafe_code, reason = "crashing for real takes what safe Rust prevents")]

use std::hint::black_box;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use crate::moments::{Moment, Moments};

/// Breadcrumbs in one loop.
pub const BREADCRUMBS: u32 = 100_000;

/// A DSN for what is not to be sent: nobody listens at this port.
pub const NOWHERE: &str = "http://key@127.0.0.1:9/1";

/// What the command line says: `KIND MOMENTS FOLDER DSN THREADS [REPORTER]`.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// What the application does once it is told to go on.
    pub kind: Kind,
    /// The file for the moments.
    pub moments: PathBuf,
    /// Where the library may keep what it keeps.
    pub folder: PathBuf,
    /// Where reports go. Anything but [`NOWHERE`] also means that they are sent without asking.
    pub dsn: String,
    /// How many threads the process has when it crashes.
    pub threads: usize,
    /// The reporter's program, where it is one of its own.
    pub reporter: Option<PathBuf>,
}

/// What the application does once it is told to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It ends well.
    End,
    /// It writes through a null pointer.
    NullWrite,
    /// It uses up the stack of its main thread.
    StackOverflow,
    /// It leaves breadcrumbs, through the SDK alone.
    PlainBreadcrumbs,
    /// It leaves breadcrumbs in the way that reaches a crash report.
    Breadcrumbs,
}

impl Kind {
    /// Each, with its name on the command line.
    pub const ALL: [(&str, Kind); 5] = [
        ("end", Kind::End),
        ("null-write", Kind::NullWrite),
        ("stack-overflow", Kind::StackOverflow),
        ("plain-breadcrumbs", Kind::PlainBreadcrumbs),
        ("breadcrumbs", Kind::Breadcrumbs),
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        Kind::ALL
            .iter()
            .find_map(|(name, kind)| (*kind == self).then_some(*name))
            .unwrap_or("end")
    }
}

impl Arguments {
    /// Those of this process; none if they are not as [`Arguments`] says.
    pub fn of_this_process() -> Option<Arguments> {
        let mut given = std::env::args_os().skip(1);
        let kind = given.next()?.into_string().ok()?;
        Some(Arguments {
            kind: Kind::ALL.iter().find_map(|(name, of)| (*name == kind).then_some(*of))?,
            moments: given.next()?.into(),
            folder: given.next()?.into(),
            dsn: given.next()?.into_string().ok()?,
            threads: given.next()?.to_str()?.parse().ok()?,
            reporter: given.next().map(PathBuf::from),
        })
    }
}

/// The rest of the application's life, once its library is in place: its other threads, the wait for the word to go on, and
/// what was asked for.
pub fn live(arguments: &Arguments, moments: Moments, add_breadcrumb: impl Fn(String)) {
    start_threads(arguments.threads.saturating_sub(1));
    for press in 0..50 {
        add_breadcrumb(format!("pressed button {press}"));
    }
    moments.note(Moment::Ready);
    let mut line = String::new();
    if io::stdin().read_line(&mut line).is_err() {
        return;
    }
    match arguments.kind {
        Kind::End => {}
        Kind::NullWrite => crash(moments, black_box(0)),
        Kind::StackOverflow => drop(black_box(dig(0))),
        Kind::PlainBreadcrumbs | Kind::Breadcrumbs => {
            let begun = Instant::now();
            for press in 0..BREADCRUMBS {
                add_breadcrumb(format!("pressed button {press}"));
            }
            moments.set(Moment::BreadcrumbsTook, begun.elapsed().as_nanos() as u64);
        }
    }
}

/// Threads that wait for ever, all of them running when this returns.
fn start_threads(count: usize) {
    let all_there = Arc::new(Barrier::new(count + 1));
    for _ in 0..count {
        let all_there = Arc::clone(&all_there);
        thread::spawn(move || {
            all_there.wait();
            loop {
                thread::park();
            }
        });
    }
    all_there.wait();
}

#[inline(never)]
fn crash(moments: Moments, address: usize) {
    let pixel: *mut u32 = std::ptr::without_provenance_mut(address);
    moments.note_crash();
    // SAFETY: none: this is the crash.
    unsafe { pixel.write_volatile(7) };
}

/// Calls itself until the stack is used up.
#[inline(never)]
fn dig(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    if depth == u64::MAX {
        0
    } else {
        dig(depth + 1) + room[(depth % 64) as usize]
    }
}
