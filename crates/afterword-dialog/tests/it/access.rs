//! The dialog as a person hears it who cannot see it, in each of its windows: by AT-SPI, which carries names and roles to
//! screen readers and presses back.

use afterword_dialog::{Asked, FromDialog, Shell, ToDialog};
use afterword_store::Settled;

use crate::screen_reader::Session;
use crate::stage::{self, wait_for};

/// What is heard in a language.
struct Heard {
    /// The variables of a desktop that speaks it.
    desktop: &'static [(&'static str, &'static str)],
    tag: &'static str,
    headline: &'static str,
    /// Each with its role.
    controls: &'static [(&'static str, &'static str)],
    send: &'static str,
    sending: &'static str,
    sent: &'static str,
    copy: &'static str,
    close: &'static str,
}

const GERMAN: Heard = Heard {
    desktop: &[("LANGUAGE", "nl:de_AT:en"), ("LC_ALL", "nl_NL.UTF-8")],
    tag: "de",
    headline: "Inkwell wurde unerwartet beendet",
    controls: &[
        ("entry", "Was haben Sie gerade gemacht? (freiwillig)"),
        ("check box", "Inkwell neu starten"),
        ("toggle button", "Was gesendet würde"),
        ("button", "Nicht senden"),
        ("button", "Bericht senden"),
    ],
    send: "Bericht senden",
    sending: "Bericht wird gesendet",
    sent: "Gesendet. Vielen Dank.",
    copy: "Kopieren",
    close: "Schließen",
};

const JAPANESE: Heard = Heard {
    desktop: &[("LANG", "ja_JP.UTF-8")],
    tag: "ja",
    headline: "Inkwell が予期せず終了しました",
    controls: &[
        ("entry", "何をしていましたか? (任意)"),
        ("check box", "Inkwell を再起動する"),
        ("toggle button", "送信される内容"),
        ("button", "送信しない"),
        ("button", "レポートを送信"),
    ],
    send: "レポートを送信",
    sending: "レポートを送信しています",
    sent: "送信しました。ありがとうございます。",
    copy: "コピー",
    close: "閉じる",
};

fn assert_heard(session: &Session, role: &str, name: &str) {
    let names = session.names();
    let heard = names.iter().any(|(of, called)| *of == role && called == name);
    assert!(heard, "{role} {name:?} is not among {names:#?}");
}

/// From the question to the end, without a glance at the screen.
fn answered_by_ear(shell: Shell, heard: &Heard) {
    let (_server, display) = stage::display();
    let session = Session::start();
    let aloud = session.announcements();
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = stage::stored(folder.path());
    let asked = Asked {
        can_restart: true,
        ..asked
    };
    let report_id = asked.report_id;
    let mut command = stage::dialog(shell);
    command
        .env("DISPLAY", &display)
        .env("DBUS_SESSION_BUS_ADDRESS", &session.address);
    for variable in ["AFTERWORD_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(variable);
    }
    command.envs(heard.desktop.iter().copied());
    let mut dialog = stage::shown(command, asked);

    session.find(heard.headline);
    assert_heard(&session, "heading", heard.headline);
    for (role, name) in heard.controls {
        assert_heard(&session, role, name);
    }

    let send = session.find(heard.send);
    // In its first moment the window takes no answer.
    wait_for("the answer", || {
        session.press(&send);
        let said = dialog.messages.recv_timeout(std::time::Duration::from_millis(200));
        (said == Ok(FromDialog::Answered)).then_some(())
    });
    let Settled::Sending(answer) = store.settle(report_id).unwrap() else {
        panic!("the answer was to send");
    };
    assert_eq!(answer.locale, heard.tag);
    aloud.wait_for(heard.sending);

    let sent = ToDialog::Sent {
        event_id: "9f1c2ab4".to_owned(),
        url: None,
        known: None,
    };
    stage::say(&mut dialog.input, &sent);
    aloud.wait_for(heard.sent);
    session.find(heard.copy);
    assert_heard(&session, "heading", heard.sent);
    assert_heard(&session, "button", heard.copy);
    let close = session.find(heard.close);
    wait_for("the end", || {
        session.press(&close);
        let said = dialog.messages.recv_timeout(std::time::Duration::from_millis(200));
        (said == Ok(FromDialog::Closed)).then_some(())
    });
    let ended = wait_for("the end of the process", || dialog.process.0.try_wait().unwrap());
    assert!(ended.success(), "{ended}");
}

#[test]
fn german_with_opengl() {
    answered_by_ear(Shell::Eframe, &GERMAN);
}

#[test]
fn japanese_in_software() {
    answered_by_ear(Shell::Software, &JAPANESE);
}
