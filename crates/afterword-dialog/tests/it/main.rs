//! The dialog as a process: with and without a display, with a display that is real enough, in each of its windows.
//!
//! The process is the example `states run`, which does nothing but call [`afterword_dialog::run`].

#![expect(clippy::unwrap_used, reason = "the tests' own helpers may panic too")]

#[cfg(target_os = "linux")]
mod access;
#[cfg(target_os = "linux")]
mod displays;
#[cfg(target_os = "linux")]
mod screen_reader;
#[cfg(target_os = "linux")]
mod software;
mod stage;

use afterword_dialog::{FromDialog, Shell};

use stage::dialog;

#[test]
fn without_a_question_it_ends() {
    for shell in Shell::ALL {
        let mut child = dialog(shell).spawn().unwrap();
        drop(child.stdin.take());
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success());
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains("nothing to ask about"), "{words}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn shown_is_said_when_the_window_is_on_the_screen() {
    use std::time::Duration;

    for shell in Shell::ALL {
        let (_server, display) = stage::display();
        let mut command = dialog(shell);
        let mut dialog = stage::Running(command.env("DISPLAY", &display).spawn().unwrap());
        let messages = stage::lines(&mut dialog.0);
        let mut input = dialog.0.stdin.take().unwrap();
        assert!(
            messages.recv_timeout(Duration::from_millis(300)).is_err(),
            "there is no question yet"
        );
        stage::say(&mut input, &stage::question());
        assert_eq!(messages.recv_timeout(stage::PATIENCE), Ok(FromDialog::Shown));
        // The reporter may go; the question stays on the screen.
        drop(input);
        assert!(messages.recv_timeout(Duration::from_millis(500)).is_err());
        assert!(dialog.0.try_wait().unwrap().is_none(), "the window is still there");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_person_at_the_keyboard_writes_sends_and_closes() {
    use afterword_dialog::ToDialog;
    use afterword_store::Settled;

    for shell in Shell::ALL {
        let (_server, display) = stage::display();
        let folder = tempfile::tempdir().unwrap();
        let (store, asked) = stage::stored(folder.path());
        let report_id = asked.report_id;
        let mut command = dialog(shell);
        command.env("DISPLAY", &display);
        let mut shown = stage::shown(command, asked);

        // Into the comment; past the details and Don't send; Send report. Drawn in software, no key is too quick for a frame.
        let apart = if shell == Shell::Software { "1" } else { "150" };
        stage::focus(&display);
        // The window takes no answer in its first moment.
        std::thread::sleep(std::time::Duration::from_millis(800));
        stage::press(
            &display,
            &["Tab", "u", "n", "d", "o", "Tab", "Tab", "Tab", "Tab", "Return"],
            apart,
        );
        assert_eq!(
            shown.messages.recv_timeout(stage::PATIENCE),
            Ok(FromDialog::Answered),
            "{shell:?}"
        );
        let Settled::Sending(answer) = store.settle(report_id).unwrap() else {
            panic!("the answer was to send");
        };
        assert_eq!(answer.comment.as_deref(), Some("undo"));

        stage::say(
            &mut shown.input,
            &ToDialog::Progress {
                sent_bytes: 10,
                total_bytes: 20,
            },
        );
        stage::say(
            &mut shown.input,
            &ToDialog::Sent {
                event_id: "9f1c2ab4".to_owned(),
                url: None,
                known: None,
            },
        );
        stage::press(&display, &["Escape"], apart);
        assert_eq!(shown.messages.recv_timeout(stage::PATIENCE), Ok(FromDialog::Closed));
        assert!(shown.process.0.wait().unwrap().success());
    }
}
