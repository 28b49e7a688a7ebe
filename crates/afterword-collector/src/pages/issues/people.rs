//! To whom issues can be assigned.

use std::collections::BTreeMap;

use crate::access::Scope;
use crate::accounts::people;
use crate::pages::frame::Frame;
use crate::{App, Error};

/// So many are offered, of so many organisations.
const MAX_PEOPLE: usize = 50;
const MAX_ORGANIZATIONS: usize = 10;

/// Somebody.
pub(super) struct Assignee {
    pub(super) email: String,
    /// Their name, or else the address again.
    pub(super) name: String,
}

/// The members of the organisations whose projects are seen, as far as one may know of them; by address.
pub(super) async fn assignees(app: &App, frame: &Frame) -> Result<Vec<Assignee>, Error> {
    let mut organizations: Vec<i64> = frame.projects.iter().map(|project| project.organization_id).collect();
    organizations.dedup();
    organizations.retain(|id| frame.who.may_in(*id, Scope::MemberRead).is_ok());
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for organization in organizations.into_iter().take(MAX_ORGANIZATIONS) {
        for member in people::members(&app.database, organization).await? {
            let person = member.person;
            found.insert(person.email, person.name);
        }
    }
    let named = found.into_iter().take(MAX_PEOPLE).map(|(email, name)| Assignee {
        name: if name.is_empty() { email.clone() } else { name },
        email,
    });
    Ok(named.collect())
}
