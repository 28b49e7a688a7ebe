//! The ends there are, and which room has each.

use std::hint::black_box;

use clap::ValueEnum;

use crate::{canaries, hang, memory, panics, process, signals, threads};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
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
    /// The main thread does not respond for a while; a watchdog reports it.
    Hang,
    /// With text in memory and registers.
    Canaries,
    /// The same, once standard input is closed.
    CanariesWhenTold,
}

impl Kind {
    /// Not inlined, so that it is on every stack.
    #[inline(never)]
    pub(crate) fn end(self) {
        match self {
            Kind::NullWrite | Kind::NullWriteOnce => memory::fill_pixel(std::ptr::null_mut()),
            Kind::WildWrite => memory::fill_pixel(memory::nowhere()),
            Kind::StackOverflowThread => threads::overflow(),
            Kind::Abort => signals::give_up(),
            Kind::Divide => signals::divide(black_box(0)),
            Kind::Panic => panics::pick(black_box(8)),
            Kind::PanicThread => panics::on_a_thread(),
            Kind::PanicCaught => panics::caught(),
            Kind::PanicCaughtThenNullWrite => {
                panics::caught();
                memory::fill_pixel(std::ptr::null_mut());
            }
            Kind::PanicAndCrash => panics::while_another_crashes(),
            Kind::Canaries => canaries::crash(),
            Kind::CanariesWhenTold => canaries::crash_when_told(),
            Kind::Message => {
                afterword::sentry::capture_message("the palette is empty", afterword::sentry::Level::Warning);
            }
            Kind::CleanExit => {}
            Kind::Exit => std::process::exit(7),
            Kind::ForeignScope => {
                afterword::sentry::configure_scope(|scope| scope.set_tag("foreign", "yes"));
                std::thread::sleep(std::time::Duration::from_millis(4000));
                memory::fill_pixel(std::ptr::null_mut());
            }
            Kind::Wait => loop {
                std::thread::park();
            },
            Kind::ForkedChild => process::fork_and_crash(),
            Kind::Simultaneous => threads::crash_together(20),
            Kind::ReporterKilled => {
                process::kill_reporter();
                memory::fill_pixel(std::ptr::null_mut());
            }
            Kind::Hang => hang::for_a_while(),
        }
    }
}
