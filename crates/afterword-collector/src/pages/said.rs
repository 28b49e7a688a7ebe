//! What a page with forms has to say: that something was done, or what was wrong about a form, which shows again all that
//! was typed into it.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::Failure;
use super::frame::Frame;
use super::posted::Fields;
use crate::api;

/// Said above or within the forms of a page.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The form that was sent and not taken, and why.
    form: String,
    wrong: Option<String>,
    typed: Fields,
    done: Option<&'static str>,
}

impl Said {
    /// For a page that is asked for: `?done=` says what was just done, by one of these words.
    pub(super) fn done(frame: &Frame, words: &[(&str, &'static str)]) -> Self {
        let asked = frame.asked("done");
        let found = words.iter().find(|(word, _)| Some(*word) == asked);
        Self {
            done: found.map(|(_, sentence)| *sentence),
            ..Self::default()
        }
    }

    /// A form was not taken, for a reason that its sender can do something about; others are failures.
    pub(super) fn of(form: &str, typed: Fields, failure: api::Failure) -> Result<Self, Failure> {
        match failure {
            api::Failure::Wrong(wrong) | api::Failure::Conflict(wrong) | api::Failure::TooLarge(wrong) => {
                Ok(Self::wrong(form, typed, wrong))
            }
            api::Failure::Unauthorized(wrong) => Ok(Self::wrong(form, typed, wrong)),
            api::Failure::TooMany(wait) => {
                let minutes = wait.as_secs() / 60 + 1;
                let wrong = format!("Too many attempts. Try again in {minutes} minutes.");
                Ok(Self::wrong(form, typed, wrong))
            }
            failure => Err(failure.into()),
        }
    }

    /// Where a form leads that was taken; or the page that it stands on again, with what was wrong and all that was typed.
    pub(super) async fn answered<P>(
        taken: Result<Response, api::Failure>,
        form: &str,
        typed: Fields,
        again: impl FnOnce(Self) -> P,
    ) -> Result<Response, Failure>
    where
        P: Future<Output = Result<Response, Failure>>,
    {
        match taken {
            Ok(there) => Ok(there),
            Err(failure) => again(Self::of(form, typed, failure)?).await,
        }
    }

    /// A form was not taken.
    pub(super) fn wrong(form: &str, typed: Fields, wrong: impl Into<String>) -> Self {
        Self {
            form: form.to_owned(),
            wrong: Some(wrong.into()),
            typed,
            done: None,
        }
    }

    /// What was done.
    pub(super) fn notice(&self) -> Option<&'static str> {
        self.done
    }

    /// What was wrong about this form.
    pub(super) fn about(&self, form: &str) -> Option<&str> {
        self.wrong.as_deref().filter(|_| self.form == form)
    }

    /// What a field of this form shows: what was typed, or else what is kept.
    pub(super) fn value<'a>(&'a self, form: &str, name: &str, kept: &'a str) -> &'a str {
        if self.about(form).is_some() && self.typed.has(name) {
            self.typed.get(name)
        } else {
            kept
        }
    }

    /// Whether one of the boxes or choices of this name is ticked.
    pub(super) fn ticked(&self, form: &str, name: &str, value: &str, kept: bool) -> bool {
        match self.about(form) {
            Some(_) => self.typed.all(name).any(|typed| typed == value),
            None => kept,
        }
    }

    /// What was typed into two fields that repeat side by side.
    pub(super) fn pairs(&self, first: &str, second: &str) -> Vec<(String, String)> {
        let pairs = self.typed.all(first).zip(self.typed.all(second));
        pairs
            .map(|(first, second)| (first.to_owned(), second.to_owned()))
            .collect()
    }

    /// A page that says it: 400 if a form was not taken.
    pub(super) fn answer(is_wrong: bool, page: Response) -> Response {
        if is_wrong {
            (StatusCode::BAD_REQUEST, page).into_response()
        } else {
            page
        }
    }

    /// Whether a form was not taken.
    pub(super) fn is_wrong(&self) -> bool {
        self.wrong.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_that_was_sent_shows_what_was_typed() {
        let typed = Fields(vec![
            ("name".to_owned(), "<new>".to_owned()),
            ("scope".to_owned(), "a".to_owned()),
        ]);
        let said = Said::wrong("make", typed, "No");
        assert_eq!((said.about("make"), said.about("other")), (Some("No"), None));
        assert_eq!(said.value("make", "name", "old"), "<new>");
        assert_eq!(
            said.value("make", "label", "old"),
            "old",
            "what was not asked for stays"
        );
        assert_eq!(said.value("other", "name", "old"), "old");
        assert!(said.ticked("make", "scope", "a", false) && !said.ticked("make", "scope", "b", true));
        assert!(said.ticked("other", "scope", "b", true));
        let gone = Said::of("make", Fields::default(), api::Failure::NotFound);
        assert!(matches!(gone, Err(Failure::NotFound)));
    }
}
