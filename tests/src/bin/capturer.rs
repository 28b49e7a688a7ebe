//! A program that embeds Afterword and does what it is told on its standard input, a line each: what the tests of capture,
//! flush and consent drive. It answers each line with one.
//!
//! `capturer STORE DSN [--consent ask] [--delivery asynchronous]`. Its reporter is `afterword-reporter`, beside it.
#![expect(clippy::print_stdout, reason = "it answers on its standard output")]
#![expect(unsafe_code, reason = "a crash is one")]

use std::io::BufRead;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use afterword::sentry::{self, TransactionContext};
use afterword::{Consent, Delivery, Options, Transport};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    store: PathBuf,
    dsn: String,
    #[arg(long, default_value = "ask")]
    consent: String,
    #[arg(long)]
    synchronous: bool,
    /// Milliseconds.
    #[arg(long, default_value_t = 30_000)]
    timeout: u64,
    /// Sets up the SDK itself, and attaches Afterword to it.
    #[arg(long)]
    attach: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let consent = consent(&arguments.consent);
    let options = Options::new(&arguments.dsn)
        .app_name("Crasher")
        .release("crasher@1.2.3")
        .store(&arguments.store)
        .consent(consent)
        // Sessions are envelopes too, and the tests count requests.
        .release_health(false)
        .traces_sample_rate(1.0)
        // What the tests count is what they had captured.
        .release_health(false)
        .transport(Transport {
            delivery: arguments.synchronous.then_some(Delivery::Synchronous),
            timeout_ms: Some(arguments.timeout),
            ..Transport::default()
        });
    let (_guard, _sentry) = if arguments.attach {
        let guard = options.start().expect("the options are right");
        let client = sentry::init(guard.attach(sentry::ClientOptions::new()));
        (guard, Some(client))
    } else {
        (options.init().expect("the options are right"), None)
    };
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let words: Vec<&str> = line.split_whitespace().collect();
        println!("{}", obey(&words));
    }
}

fn consent(word: &str) -> Consent {
    match word {
        "always" => Consent::Always,
        "never" => Consent::Never,
        _ => Consent::Ask,
    }
}

fn obey(words: &[&str]) -> String {
    let number = |index: usize| -> u64 { words[index].parse().expect("a number") };
    match words[0] {
        // error TEXT
        "error" => sentry::capture_message(words[1], sentry::Level::Error).to_string(),
        // own TEXT: by our own function.
        "own" => afterword::capture(&std::io::Error::other(words[1].to_owned())).to_string(),
        "transaction" => {
            sentry::start_transaction(TransactionContext::new(words[1], "paint")).finish();
            "finished".to_owned()
        }
        // many COUNT THREADS
        "many" => many(number(1), number(2)),
        // consent WORD
        "consent" => format!("{:?}", afterword::set_consent(consent(words[1]))),
        "consent?" => format!("{:?}", afterword::consent()),
        "choice" => match afterword::consent_choice() {
            Ok(Some(choice)) => format!("{:?} {:?} {:?}", choice.consent, choice.text_version, choice.locale),
            other => format!("{other:?}"),
        },
        "withdraw" => format!("{:?}", afterword::withdraw_consent()),
        // large BYTES
        "large" => sentry::capture_message(&"x".repeat(number(1) as usize), sentry::Level::Error).to_string(),
        // flush MILLISECONDS
        "flush" => {
            let start = Instant::now();
            let flushed = afterword::flush(Duration::from_millis(number(1)));
            let held: Vec<&str> = flushed.held().map(afterword::ItemKind::name).collect();
            format!(
                "done={} refused={} held={} ms={} sdk={}",
                flushed.is_done(),
                flushed.is_refused(),
                held.join(","),
                start.elapsed().as_millis(),
                sentry::Hub::current()
                    .client()
                    .is_some_and(|client| client.flush(Some(Duration::from_millis(number(1))))),
            )
        }
        "crash" => {
            let nowhere: *mut u32 = std::ptr::without_provenance_mut(std::hint::black_box(8));
            // SAFETY: none: this is the crash.
            unsafe { nowhere.write_volatile(7) };
            unreachable!()
        }
        // error-and-die TEXT
        "error-and-die" => {
            sentry::capture_message(words[1], sentry::Level::Error);
            // SAFETY: our own process.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
            unreachable!()
        }
        // error-and-exit TEXT
        "error-and-exit" => {
            sentry::capture_message(words[1], sentry::Level::Error);
            std::process::exit(0)
        }
        // error-and-crash TEXT
        "error-and-crash" => {
            sentry::capture_message(words[1], sentry::Level::Error);
            obey(&["crash"])
        }
        other => panic!("what is {other}?"),
    }
}

/// Captures, on each of some threads, so many messages, `<thread>-<number>`.
fn many(count: u64, threads: u64) -> String {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for number in 0..count {
                    let message = format!("{thread}-{number}");
                    // A hub of its own, as each thread has; by either way.
                    if number % 2 == 0 {
                        sentry::capture_message(&message, sentry::Level::Error);
                    } else {
                        afterword::capture_message(&message, sentry::Level::Error);
                    }
                }
            });
        }
    });
    format!("captured {}", count * threads)
}
