//! What the forms of an issue's page show: what can be chosen, and what was typed where something was wrong about it.

use crate::accounts::people::Member;
use crate::pages::frame::Frame;
use crate::pages::posted::Fields;
use crate::queries::Issue;

/// A form that was sent and could not be taken.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// `status`, `assign`, `note`, `merge` or `split`.
    pub(super) form: &'static str,
    pub(super) wrong: String,
    pub(super) fields: Fields,
}

impl Refused {
    /// What was typed into a field of a form.
    pub(super) fn typed(&self, form: &str, field: &str) -> &str {
        if self.form == form { self.fields.get(field) } else { "" }
    }

    /// Whether this value of a field was chosen.
    pub(super) fn chose(&self, form: &str, field: &str, value: &str) -> bool {
        self.form == form && self.fields.all(field).any(|chosen| chosen == value)
    }

    /// What is wrong about a form.
    pub(super) fn of(&self, form: &str) -> Option<&str> {
        (self.form == form).then_some(self.wrong.as_str())
    }
}

/// Somebody an issue can be assigned to.
#[derive(Debug)]
pub(super) struct Assignee {
    /// What is stored: an e-mail address, `''` for nobody.
    pub(super) value: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// More people than this are not listed.
const MAX_MEMBERS: usize = 60;

/// Nobody, oneself, and the members of the organisation; and whoever it is now. `None` where they are too many to choose from.
pub(super) fn assignees(frame: &Frame, issue: &Issue, members: &[Member]) -> Option<Vec<Assignee>> {
    if members.len() > MAX_MEMBERS {
        return None;
    }
    let now = issue.assigned_to.as_deref().unwrap_or_default();
    let one = |value: &str, words: String| Assignee {
        value: value.to_owned(),
        words,
        chosen: value == now,
    };
    let mut all = vec![one("", "Nobody".to_owned())];
    let me = frame.who.user().map(|user| user.email.as_str());
    if let Some(me) = me {
        all.push(one(me, "Me".to_owned()));
    }
    for member in members.iter().filter(|member| Some(member.person.email.as_str()) != me) {
        let person = &member.person;
        let words = if person.name.is_empty() {
            person.email.clone()
        } else {
            format!("{} ({})", person.name, person.email)
        };
        all.push(one(&person.email, words));
    }
    if !all.iter().any(|assignee| assignee.chosen) {
        all.push(one(now, now.to_owned()));
    }
    Some(all)
}
