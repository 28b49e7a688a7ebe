//! What a page or a form needs whoever asks to be allowed to: said in the type of a handler's argument, which is not there
//! for others.

use crate::access::Scope;

/// What is needed.
pub(super) trait Needs {
    const SCOPE: Scope;
}

/// To see a project and its settings.
#[derive(Debug)]
pub(super) struct ProjectRead;

/// To change them.
#[derive(Debug)]
pub(super) struct ProjectWrite;

/// To take away what does not come back.
#[derive(Debug)]
pub(super) struct ProjectAdmin;

/// To work on issues and events.
#[derive(Debug)]
pub(super) struct EventWrite;

/// To delete them.
#[derive(Debug)]
pub(super) struct EventAdmin;

impl Needs for ProjectRead {
    const SCOPE: Scope = Scope::ProjectRead;
}

impl Needs for ProjectWrite {
    const SCOPE: Scope = Scope::ProjectWrite;
}

impl Needs for ProjectAdmin {
    const SCOPE: Scope = Scope::ProjectAdmin;
}

impl Needs for EventWrite {
    const SCOPE: Scope = Scope::EventWrite;
}

impl Needs for EventAdmin {
    const SCOPE: Scope = Scope::EventAdmin;
}
