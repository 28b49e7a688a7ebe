//! An app that says more than it should, wherever it can.

use std::sync::OnceLock;

use afterword::sentry::protocol::{Attachment, Context, Map, Request};
use afterword::sentry::{Breadcrumb, Level, User};

static TEXT: OnceLock<String> = OnceLock::new();

/// Puts a text into the scope, and keeps it for what comes.
pub(crate) fn hand_over(text: String) {
    let json = || afterword::sentry::protocol::Value::from(text.as_str());
    afterword::set_tag("told", &text);
    afterword::set_extra("told", json());
    let fields: Map<String, _> = [("told".to_owned(), json())].into();
    afterword::set_context("told", Context::Other(fields.clone()));
    afterword::set_user(Some(User {
        username: Some(text.clone()),
        ..User::default()
    }));
    afterword::set_request(Some(Request {
        data: Some(text.clone()),
        query_string: Some(text.clone()),
        ..Request::default()
    }));
    afterword::set_fingerprint(Some(&["{{ default }}", &text]));
    afterword::add_breadcrumb(Breadcrumb {
        message: Some(text.clone()),
        data: fields,
        ..Breadcrumb::default()
    });
    afterword::configure_scope(|scope| {
        scope.add_attachment(Attachment {
            buffer: format!("begin\n{text}\nend\n").into_bytes(),
            filename: "app.log".to_owned(),
            ..Attachment::default()
        });
    });
    afterword::set_open_documents([text.as_str()]);
    TEXT.set(text).expect("it is handed over once");
}

/// Captures the text, and panics with it.
#[inline(never)]
pub(crate) fn and_panic() {
    let text = TEXT.get().expect("there is a text");
    afterword::sentry::capture_message(text, Level::Warning);
    panic!("it cannot go on: {text}");
}
