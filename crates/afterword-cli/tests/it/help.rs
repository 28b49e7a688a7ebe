//! The manual, and what happens to those who did not read it.

use crate::afterword;

#[test]
fn help_teaches() {
    insta::assert_snapshot!("help", afterword(&["--help"]).ok());
    insta::assert_snapshot!("help_dump_show", afterword(&["dump", "show", "--help"]).ok());
    insta::assert_snapshot!("help_reports", afterword(&["reports", "--help"]).ok());
    insta::assert_snapshot!("help_symbols", afterword(&["symbols", "--help"]).ok());
    insta::assert_snapshot!("help_symbols_check", afterword(&["symbols", "check", "--help"]).ok());
    insta::assert_snapshot!("help_symbols_upload", afterword(&["symbols", "upload", "--help"]).ok());
    insta::assert_snapshot!("help_reports_send", afterword(&["reports", "send", "--help"]).ok());
}

#[test]
fn wrong_arguments_are_told_with_exit_code_2() {
    for wrong in [
        &[][..],
        &["reports"],
        &["dump", "show"],
        &["dump", "show", "a.dmp", "--symbols"],
        &["reports", "show", "not-an-id"],
        &["reports", "--app", "../etc", "list"],
        &["symbols"],
        &["symbols", "upload", "."],
    ] {
        let ran = afterword(wrong);
        assert!(!ran.failed(2).is_empty(), "{wrong:?}");
        assert_eq!(ran.stdout, "", "{wrong:?}");
    }
    assert!(
        afterword(&["reports", "show", "xyz"])
            .failed(2)
            .contains("`afterword reports list` shows them")
    );
    assert!(afterword(&["--version"]).ok().starts_with("afterword "));
}
