//! The ends there are, and which room has each.

use std::hint::black_box;
use std::ptr::null_mut;

use clap::ValueEnum;

use crate::{canaries, hang, heap, memory, native, panics, process, signals, threads, told, watched};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    NullWrite,
    /// Crashes at the first start, ends cleanly at the second: the note tells them apart.
    NullWriteOnce,
    WildWrite,
    WildRead,
    /// Where nothing can be.
    FarRead,
    JumpNowhere,
    ExecData,
    /// A mapped file was cut short.
    Bus,
    StackOverflowMain,
    StackOverflowThread,

    DoubleFree,
    HeapCorruption,
    AllocFailure,
    /// Nothing can be allocated any more.
    LowMemory,

    Illegal,
    Trap,
    Divide,
    Abort,
    InSignalHandler,
    SignalFromOutside,
    /// SIGTERM.
    Terminated,
    /// Waits until it is killed.
    Wait,
    /// The app has a SIGSEGV handler before Afterword does.
    WithAppHandler,
    /// The app installs one afterwards, and calls who was there before.
    WithLaterHandler,

    Panic,
    PanicThread,
    /// A panic where panics abort; only the profile makes the difference.
    PanicAbort,
    PanicInDrop,
    PanicAcrossC,
    /// A panic on the main thread that the app catches.
    PanicCaught,
    /// A panic on the main thread, caught, and then a crash: two reports.
    PanicCaughtThenNullWrite,
    /// A crash on a worker while the main thread's panic is being dumped, again and again.
    PanicAndCrash,

    CxxThrow,
    StackSmash,
    PureVirtual,
    /// On a thread that C has made.
    CThread,
    /// In a library that was loaded at run time.
    InSharedLibrary,

    /// One of two hundred threads.
    ManyThreads,
    /// Twenty threads crash at once, in a program whose own handler takes its time: they all reach ours.
    Simultaneous,

    /// In the statement after `init`.
    Early,
    /// After `main` has returned.
    InDestructor,
    /// No file can be opened any more.
    NoDescriptors,
    /// The executable is another one by then.
    Updated,
    /// Forks; the child crashes, the parent ends cleanly.
    ForkedChild,
    /// Forks; the child crashes, and then the parent does.
    ForkedChildThenNullWrite,
    CleanExit,
    /// `exit` without dropping the guard.
    Exit,

    /// The main thread does not respond for a while; a watchdog reports it.
    Hang,
    /// The same hang, reported twelve times.
    HangAgainAndAgain,
    /// A crash while a hang is being dumped.
    HangAndCrash,
    /// The main thread is watched, and does what standard input says.
    Watched,
    /// With text in memory and registers.
    Canaries,
    /// The same, once standard input is closed.
    CanariesWhenTold,
    /// A message through the SDK.
    Message,
    /// A message and a panic with the text that was handed over.
    Tell,
    /// A tag through `sentry::configure_scope`, then a while, then a crash.
    ForeignScope,
}

impl Kind {
    /// What the app does before it has Afterword.
    pub(crate) fn begin(self) {
        match self {
            Kind::Simultaneous => signals::die_slowly(),
            Kind::WithAppHandler => signals::save_first(),
            Kind::InDestructor => process::crash_at_exit(),
            Kind::SignalFromOutside => signals::be_like_c(),
            _ => {}
        }
    }

    /// Not inlined, so that it is on every stack.
    #[inline(never)]
    pub(crate) fn end(self) {
        match self {
            Kind::NullWrite | Kind::NullWriteOnce | Kind::WithAppHandler => memory::fill_pixel(null_mut()),
            Kind::WildWrite => memory::fill_pixel(memory::nowhere()),
            Kind::WildRead => drop(memory::read_pixel(memory::nowhere())),
            Kind::FarRead => drop(memory::read_pixel(memory::far_out())),
            Kind::JumpNowhere => memory::call_nowhere(),
            Kind::ExecData => memory::call_data(),
            Kind::Bus => memory::read_cut_file(),
            Kind::StackOverflowMain => drop(memory::dig(black_box(0))),
            Kind::StackOverflowThread => threads::overflow(),

            Kind::DoubleFree => heap::free_twice(),
            Kind::HeapCorruption => heap::corrupt(),
            Kind::AllocFailure => heap::ask_for_too_much(),
            Kind::LowMemory => heap::use_up(),

            Kind::Illegal => signals::no_instruction(),
            Kind::Trap => signals::trap(),
            Kind::Divide => signals::divide(black_box(0)),
            Kind::Abort => signals::give_up(),
            Kind::InSignalHandler => signals::in_handler(),
            Kind::SignalFromOutside => signals::be_sent(),
            Kind::Terminated => process::terminate_itself(),
            Kind::Wait => loop {
                std::thread::park();
            },
            Kind::WithLaterHandler => {
                signals::save_before_others();
                memory::fill_pixel(null_mut());
            }

            Kind::Panic | Kind::PanicAbort => panics::pick(black_box(8)),
            Kind::PanicThread => panics::on_a_thread(),
            Kind::PanicInDrop => panics::in_drop(),
            Kind::PanicAcrossC => native::panic_across(),
            Kind::PanicCaught => panics::caught(),
            Kind::PanicCaughtThenNullWrite => {
                panics::caught();
                memory::fill_pixel(null_mut());
            }
            Kind::PanicAndCrash => panics::while_another_crashes(),

            Kind::CxxThrow => native::throw(),
            Kind::StackSmash => native::smash_stack(),
            Kind::PureVirtual => native::call_pure_virtual(),
            Kind::CThread => native::thread(),
            Kind::InSharedLibrary => native::in_library(),

            Kind::ManyThreads => threads::crash_among(200),
            Kind::Simultaneous => threads::crash_together(20),

            Kind::NoDescriptors => {
                process::use_up_descriptors();
                memory::fill_pixel(null_mut());
            }
            Kind::Updated => {
                process::update();
                memory::fill_pixel(null_mut());
            }
            Kind::ForkedChild => process::fork_and_crash(),
            Kind::ForkedChildThenNullWrite => {
                process::fork_and_crash();
                memory::fill_pixel(null_mut());
            }
            Kind::Early | Kind::CleanExit | Kind::InDestructor => {}
            Kind::Exit => std::process::exit(7),

            Kind::Canaries => canaries::crash(),
            Kind::CanariesWhenTold => canaries::crash_when_told(),
            Kind::Hang => hang::for_a_while(),
            Kind::HangAgainAndAgain => hang::again_and_again(),
            Kind::HangAndCrash => hang::and_crash(),
            Kind::Watched => watched::by_orders(),
            Kind::Message => {
                afterword::sentry::capture_message("the palette is empty", afterword::sentry::Level::Warning);
            }
            Kind::Tell => told::and_panic(),
            Kind::ForeignScope => {
                afterword::sentry::configure_scope(|scope| scope.set_tag("foreign", "yes"));
                std::thread::sleep(std::time::Duration::from_millis(4000));
                memory::fill_pixel(null_mut());
            }
        }
    }
}
