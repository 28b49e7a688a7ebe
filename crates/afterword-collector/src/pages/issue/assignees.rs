//! To whom an issue can be assigned.

use crate::accounts::people::Member;
use crate::pages::frame::Frame;
use crate::queries::Issue;

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
pub(super) fn of(frame: &Frame, issue: &Issue, members: &[Member]) -> Option<Vec<Assignee>> {
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
