//! Every word the dialog says of its own, for the window and the terminal alike: this is the only door to the texts, which
//! are in `assets/locales/<language>/dialog.ftl` under the names of the functions here.
//!
//! What the person agreed to is what they read, so the texts have a version, kept with the answer together with the
//! language. Change it when the meaning of a sentence about sending changes.

mod catalogue;

use std::borrow::Cow;

use afterword_store::{KnownCrash, PartKind, ReportKind};
use fluent_bundle::FluentValue;

use crate::language::Language;
use crate::look::CopyFailure;
use crate::message::{Asked, FrameLine};
use crate::text;
use catalogue::Catalogue;

/// Version of the texts, in all languages, kept with each answer.
pub const TEXT_VERSION: u32 = 4;

/// A text: borrowed where nothing is filled in.
pub(crate) type Text = Cow<'static, str>;

/// The words of one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    language: Language,
    /// Each text longer by half, to see whether it still fits.
    #[cfg(test)]
    longer: bool,
}

/// Makes a function of each text, and for the tests a list of all with their variables.
macro_rules! texts {
    ($($name:ident($($variable:ident: $type:ty),*);)*) => {
        impl Words {
            $(pub(crate) fn $name(self $(, $variable: $type)*) -> Text {
                self.text(stringify!($name), &[$((stringify!($variable), FluentValue::from($variable))),*])
            })*
        }

        /// The texts in English, as the tests look for them.
        #[cfg(test)]
        #[expect(dead_code, reason = "each text is there, and the tests look for some")]
        pub(crate) mod english {
            $(pub(crate) fn $name($($variable: $type),*) -> &'static str {
                super::Words::ENGLISH.$name($($variable),*).into_owned().leak()
            })*
        }

        #[cfg(test)]
        const TEXTS: &[(&str, &[&str])] = &[$((stringify!($name), &[$(stringify!($variable)),*])),*];
    };
}

texts! {
    headline_crash(app: &str);
    headline_error(app: &str);
    headline_hang(app: &str);
    happened_memory();
    happened_memory_at(address: &str);
    happened_arithmetic();
    happened_instruction();
    happened_instruction_at(address: &str);
    happened_gave_up();
    happened_gave_up_saying(message: &str);
    happened_error();
    happened_error_saying(message: &str);
    happened_hang();
    happened_other();

    comment_label();
    comment_hint();
    restart(app: &str);
    reopens(app: &str, documents: &str);
    always();
    always_means(app: &str);
    consent();
    destination(server: &str);
    destination_developers();
    privacy_policy();
    send();
    dont_send();
    later();
    not_saved(why: &str);

    details();
    summary();
    key_app();
    key_release();
    key_what();
    key_server();
    key_comment();
    no_comment();
    developers();
    kind_crash();
    kind_panic();
    kind_error();
    kind_hang();
    stack();
    stack_pending();
    stack_empty();
    inlined();
    unknown_function();
    unknown_function_in(module: &str);
    tags();
    breadcrumbs();
    files();
    files_more();
    file_minidump();
    file_event();
    file_stack();
    tab_context();
    tab_modules();
    tab_files();
    tab_bytes();
    tab_text();
    contexts();
    nothing_of_this();
    part_header();
    part_attachment();
    part_other();
    files_choose();
    files_unread(why: &str);
    event_stays();
    minidump_costs();
    module_at(address: &str, size: &str);
    total(size: &str);
    save_copy();
    save();
    copy_path();
    copy_saved(path: &str, size: &str);
    copy_denied(folder: &str);
    copy_no_folder(folder: &str);
    copy_exists(path: &str);
    copy_full();
    copy_failed(why: &str);
    bytes_of();
    bytes_hex();
    bytes_letters();
    bytes_page(from: &str, to: &str, total: &str);
    page_before();
    page_after();
    stream_unknown(number: &str);
    stream_line(name: &str, size: &str, offset: &str);
    more(count: usize);
    more_text(size: &str);

    removed();
    removed_environment();
    removed_command_line();
    removed_open_files();
    removed_mapped_files();
    removed_user_numbers();
    removed_other();
    removed_nothing();
    removed_stack_words();
    removed_register_words();
    removed_vectors();
    removed_memory();
    removed_unknown_processor();
    removed_deep_stack();
    removed_home();
    removed_passwords(times: u64);
    removed_emails(times: u64);
    removed_cloud_keys(times: u64);
    removed_access_tokens(times: u64);
    removed_web_tokens(times: u64);
    removed_private_keys(times: u64);
    removed_authorizations(times: u64);
    removed_by_app(times: u64);
    removed_named(name: &str, times: u64);
    removed_long_texts(size: &str);
    removed_all_texts();

    sending();
    sending_to(server: &str);
    sending_to_developers();
    preparing();
    progress(sent: &str, total: &str);
    cancel();
    cancelling();
    sending_goes_on();

    sent();
    event_id();
    event_id_use();
    copy();
    copied();
    open_page();
    known();
    known_fixed_in(version: &str);
    known_fixed_newest(version: &str);
    known_fixed_soon();
    get_update();
    waiting();
    waiting_next();
    refused();
    refused_next();
    refused_silent();
    cancelled();
    cancelled_next();
    reporter_gone();
    close();

    decimal_mark();
    size_bytes(count: u64);
    size_kilobytes(amount: &str);
    size_megabytes(amount: &str);
    size_gigabytes(amount: &str);

    pair(key: &str, value: &str);
    file_line(name: &str, size: &str, what: &str);
    terminal_choices();
    terminal_choices_raw();
    terminal_again();
    terminal_again_raw();
    terminal_restart(app: &str);
    terminal_always();
    terminal_copy(path: &str);
    terminal_yes();
    terminal_sending();
    terminal_sent(event_id: &str);
    terminal_waiting();
    terminal_refused();
    terminal_cancelled();
    terminal_kept();
    terminal_look(command: &str);
}

/// Made of the texts above: which of them to say.
impl Words {
    /// What happened, in a line; it names the app.
    pub(crate) fn headline(self, asked: &Asked) -> Text {
        match asked.kind {
            ReportKind::Crash | ReportKind::Panic => self.headline_crash(&asked.app_name),
            ReportKind::Error => self.headline_error(&asked.app_name),
            ReportKind::Hang => self.headline_hang(&asked.app_name),
        }
    }

    /// What the app would open again.
    pub(crate) fn documents_of(self, asked: &Asked) -> Option<Text> {
        let there = !asked.documents.is_empty();
        there.then(|| self.reopens(&asked.app_name, &asked.documents.join(", ")))
    }

    /// What happened, in one honest sentence.
    pub(crate) fn what_happened(self, asked: &Asked) -> Text {
        let address = asked.address.map(|address| format!("{address:#x}"));
        let message = asked.message.as_deref();
        match (asked.kind, asked.signal.as_deref()) {
            (ReportKind::Error, _) => {
                message.map_or_else(|| self.happened_error(), |said| self.happened_error_saying(said))
            }
            (ReportKind::Hang, _) => self.happened_hang(),
            (ReportKind::Panic, _) | (_, Some("SIGABRT")) => {
                message.map_or_else(|| self.happened_gave_up(), |said| self.happened_gave_up_saying(said))
            }
            (_, Some("SIGSEGV" | "SIGBUS")) => {
                address.map_or_else(|| self.happened_memory(), |at| self.happened_memory_at(&at))
            }
            (_, Some("SIGFPE")) => self.happened_arithmetic(),
            (_, Some("SIGILL" | "SIGTRAP")) => {
                address.map_or_else(|| self.happened_instruction(), |at| self.happened_instruction_at(&at))
            }
            _ => self.happened_other(),
        }
    }

    /// Whether to start the app again; a long name is cut.
    pub(crate) fn restart_app(self, app_name: &str) -> Text {
        self.restart(&text::line(app_name, 40))
    }

    /// The same as a question in a terminal.
    pub(crate) fn restart_question(self, app_name: &str) -> Text {
        self.terminal_restart(&text::line(app_name, 40))
    }

    /// To whom reports go, as a sentence.
    pub(crate) fn destination_of(self, asked: &Asked) -> Text {
        let server = asked.server.as_deref();
        server.map_or_else(|| self.destination_developers(), |server| self.destination(server))
    }

    /// To whom this one is on its way.
    pub(crate) fn sending_to_server(self, asked: &Asked) -> Text {
        let server = asked.server.as_deref();
        server.map_or_else(|| self.sending_to_developers(), |server| self.sending_to(server))
    }

    /// To whom it would go, by name alone.
    pub(crate) fn server(self, asked: &Asked) -> Text {
        let server = asked.server.clone();
        server.map_or_else(|| self.developers(), Cow::Owned)
    }

    /// What a report is about.
    pub(crate) fn kind(self, kind: ReportKind) -> Text {
        match kind {
            ReportKind::Crash => self.kind_crash(),
            ReportKind::Panic => self.kind_panic(),
            ReportKind::Error => self.kind_error(),
            ReportKind::Hang => self.kind_hang(),
        }
    }

    /// The function of a frame, or that it is unknown, and then in which module.
    pub(crate) fn function(self, frame: &FrameLine) -> Text {
        match (&frame.function, &frame.module) {
            (Some(function), _) => Cow::Owned(function.clone()),
            (None, Some(module)) if !frame.in_app => self.unknown_function_in(module),
            (None, _) => self.unknown_function(),
        }
    }

    /// What a part of a report is.
    pub(crate) fn part(self, kind: PartKind) -> Text {
        match kind {
            PartKind::Header => self.part_header(),
            PartKind::Event => self.file_event(),
            PartKind::Minidump => self.file_minidump(),
            PartKind::Stack => self.file_stack(),
            PartKind::Attachment => self.part_attachment(),
            PartKind::Comment => self.key_comment(),
            _ => self.part_other(),
        }
    }

    /// Why there is no copy.
    pub(crate) fn copy_failure(self, failure: &CopyFailure) -> Text {
        match failure {
            CopyFailure::Denied(folder) => self.copy_denied(&folder.to_string_lossy()),
            CopyFailure::NoFolder(folder) => self.copy_no_folder(&folder.to_string_lossy()),
            CopyFailure::Exists(path) => self.copy_exists(&path.to_string_lossy()),
            CopyFailure::Full => self.copy_full(),
            CopyFailure::Other(why) => self.copy_failed(why),
        }
    }

    /// What it means to do it always, for an app; a long name is cut.
    pub(crate) fn always_means_for(self, app_name: &str) -> Text {
        self.always_means(&text::line(app_name, 40))
    }

    /// What was removed, which the reporter writes in English into the report; as it is where it is not one of ours.
    pub(crate) fn removed_words(self, what: &str) -> Text {
        match what {
            "environment variables" => self.removed_environment(),
            "the command line" => self.removed_command_line(),
            "names of open files" => self.removed_open_files(),
            "names of files in memory that are no code" => self.removed_mapped_files(),
            "user and group numbers" => self.removed_user_numbers(),
            "other data of the process" => self.removed_other(),
            "nothing from stacks and registers: this program keeps them whole" => self.removed_nothing(),
            "what is no address or small number on the stacks" => self.removed_stack_words(),
            "what is no address or small number in registers" => self.removed_register_words(),
            "vector registers" => self.removed_vectors(),
            "memory that is neither a stack nor code" => self.removed_memory(),
            "stacks and registers of a processor that is not known" => self.removed_unknown_processor(),
            "the outer part of a stack that is deeper than anybody reads" => self.removed_deep_stack(),
            "the name of your home folder in paths" => self.removed_home(),
            "all texts, which took too long to look through" => self.removed_all_texts(),
            other => self
                .removed_from_texts(other)
                .unwrap_or_else(|| Cow::Owned(other.to_owned())),
        }
    }

    /// The same, of what was counted or measured: `passwords in texts (3)`.
    fn removed_from_texts(self, what: &str) -> Option<Text> {
        let longer_than = what.strip_prefix("what is longer than ");
        if let Some(bytes) = longer_than.and_then(|rest| rest.strip_suffix(" bytes in a text")) {
            return Some(self.removed_long_texts(&self.size(bytes.parse().ok()?)));
        }
        let (what, times) = what.strip_suffix(')')?.rsplit_once(" (")?;
        let times = times.parse().ok()?;
        if what == "what this program wants taken out of texts" {
            return Some(self.removed_by_app(times));
        }
        Some(match what.strip_suffix(" in texts")? {
            "passwords" => self.removed_passwords(times),
            "e-mail addresses" => self.removed_emails(times),
            "cloud keys" => self.removed_cloud_keys(times),
            "access tokens" => self.removed_access_tokens(times),
            "web tokens" => self.removed_web_tokens(times),
            "private keys" => self.removed_private_keys(times),
            "authorizations" => self.removed_authorizations(times),
            // What a rule of the app calls it, which the app's developers have written.
            name => self.removed_named(name, times),
        })
    }

    /// What of a server's knowledge helps whoever sent the report; `None` if it is new.
    pub(crate) fn known_crash(self, known: &KnownCrash) -> Option<Text> {
        // `editor@1.4.2` is how developers call it.
        let version = |release: &str| text::line(release.rsplit('@').next().unwrap_or_default(), 100);
        match (&known.fixed_in, known.is_fixed, &known.newer_release) {
            (Some(release), _, _) => Some(self.known_fixed_in(&version(release))),
            (None, true, Some(newer)) => Some(self.known_fixed_newest(&version(newer))),
            (None, true, None) => Some(self.known_fixed_soon()),
            (None, false, _) => (!known.is_new).then(|| self.known()),
        }
    }

    /// A number of bytes as people read it: `812 bytes`, `24.5 KB`, `1.2 MB` (decimal multiples).
    pub(crate) fn size(self, bytes: u64) -> Text {
        // In tenths, rounded down: a transfer is never said to be further than it is.
        let amount = |unit: u64| {
            let tenths = bytes / (unit / 10);
            if tenths >= 1_000 || tenths.is_multiple_of(10) {
                (tenths / 10).to_string()
            } else {
                format!("{}{}{}", tenths / 10, self.decimal_mark(), tenths % 10)
            }
        };
        match bytes {
            0..1_000 => self.size_bytes(bytes),
            1_000..1_000_000 => self.size_kilobytes(&amount(1_000)),
            1_000_000..1_000_000_000 => self.size_megabytes(&amount(1_000_000)),
            _ => self.size_gigabytes(&amount(1_000_000_000)),
        }
    }

    /// What can be typed in a terminal, with the report's text if it is there to be shown.
    pub(crate) fn choices(self, raw: bool) -> Text {
        if raw {
            self.terminal_choices_raw()
        } else {
            self.terminal_choices()
        }
    }

    /// The same, after something else was typed.
    pub(crate) fn again(self, raw: bool) -> Text {
        if raw {
            self.terminal_again_raw()
        } else {
            self.terminal_again()
        }
    }

    /// Whether what was typed means yes, in this language or as everywhere.
    pub(crate) fn is_yes(self, typed: &str) -> bool {
        let typed = typed.to_lowercase();
        matches!(typed.as_str(), "y" | "yes") || self.terminal_yes().split(' ').any(|yes| yes == typed)
    }
}

impl Words {
    /// Those of a language.
    pub(crate) const fn of(language: Language) -> Words {
        Words {
            language,
            #[cfg(test)]
            longer: false,
        }
    }

    /// Which language they are of.
    pub(crate) fn language(self) -> Language {
        self.language
    }

    /// A text that is missing is said in English; that none is missing is tested.
    fn text(self, id: &'static str, variables: &[(&'static str, FluentValue<'_>)]) -> Text {
        let text = Catalogue::of(self.language)
            .text(id, variables)
            .or_else(|| Catalogue::of(Language::English).text(id, variables))
            .unwrap_or(Cow::Borrowed(id));
        #[cfg(test)]
        if self.longer {
            return tests::longer_by_half(&text).into();
        }
        text
    }
}

/// Whether the dialog has words of its own for what was removed, in each language; else it is shown as the report has it.
#[doc(hidden)]
#[must_use]
pub fn knows_removed(what: &str) -> bool {
    // What is counted keeps its name only where that is not ours.
    let name = what.split(" in texts").next().unwrap_or(what);
    let mut others = Language::ALL
        .into_iter()
        .filter(|language| *language != Language::English);
    others.all(|language| !Words::of(language).removed_words(what).contains(name))
}

#[cfg(test)]
impl Words {
    /// What the tests hear, unless they are about languages.
    pub(crate) const ENGLISH: Words = Words::of(Language::English);
    /// English, each text longer by half.
    pub(crate) const LONGER: Words = Words {
        longer: true,
        ..Words::ENGLISH
    };
}

#[cfg(test)]
pub(crate) mod tests;
