//! What may be done: scopes, by Sentry's names, and the roles of people as sets of them.

/// Something that may be done. The larger of a kind includes the smaller: `project:admin` may all that `project:write` may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    OrgRead,
    OrgWrite,
    OrgAdmin,
    /// What a build machine needs: releases and debug files.
    OrgCi,
    MemberRead,
    MemberWrite,
    MemberAdmin,
    TeamRead,
    TeamWrite,
    TeamAdmin,
    ProjectRead,
    ProjectWrite,
    ProjectAdmin,
    ProjectReleases,
    EventRead,
    EventWrite,
    EventAdmin,
}

/// Each with its name and the smaller ones that it includes.
const ALL: [(Scope, &str, &[Scope]); 17] = [
    (Scope::OrgRead, "org:read", &[]),
    (Scope::OrgWrite, "org:write", &[Scope::OrgRead]),
    (Scope::OrgAdmin, "org:admin", &[Scope::OrgWrite, Scope::OrgRead]),
    (
        Scope::OrgCi,
        "org:ci",
        &[Scope::OrgRead, Scope::ProjectRead, Scope::ProjectReleases],
    ),
    (Scope::MemberRead, "member:read", &[]),
    (Scope::MemberWrite, "member:write", &[Scope::MemberRead]),
    (
        Scope::MemberAdmin,
        "member:admin",
        &[Scope::MemberWrite, Scope::MemberRead],
    ),
    (Scope::TeamRead, "team:read", &[]),
    (Scope::TeamWrite, "team:write", &[Scope::TeamRead]),
    (Scope::TeamAdmin, "team:admin", &[Scope::TeamWrite, Scope::TeamRead]),
    (Scope::ProjectRead, "project:read", &[]),
    (Scope::ProjectWrite, "project:write", &[Scope::ProjectRead]),
    (
        Scope::ProjectAdmin,
        "project:admin",
        &[Scope::ProjectWrite, Scope::ProjectRead, Scope::ProjectReleases],
    ),
    (Scope::ProjectReleases, "project:releases", &[]),
    (Scope::EventRead, "event:read", &[]),
    (Scope::EventWrite, "event:write", &[Scope::EventRead]),
    (Scope::EventAdmin, "event:admin", &[Scope::EventWrite, Scope::EventRead]),
];

impl Scope {
    /// The scope of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.iter()
            .find(|(_, known, _)| *known == name)
            .map(|(scope, _, _)| *scope)
    }

    /// Sentry's name of it.
    pub(crate) fn name(self) -> &'static str {
        ALL.iter()
            .find(|(scope, _, _)| *scope == self)
            .map_or("", |(_, name, _)| name)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scopes(u32);

impl Scopes {
    /// All there are.
    pub(crate) const ALL: Self = Self(u32::MAX);

    /// These and what they include.
    pub(crate) fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut set = 0;
        for scope in scopes {
            set |= scope.bit();
            for (known, _, included) in ALL {
                if known == scope {
                    set |= included.iter().fold(0, |bits, scope| bits | scope.bit());
                }
            }
        }
        Self(set)
    }

    /// Reads names with spaces between, as a token keeps them; '' stands for all. Names that are not known give nothing.
    pub(crate) fn read(names: &str) -> Self {
        if names.is_empty() {
            return Self::ALL;
        }
        Self::of(names.split_ascii_whitespace().filter_map(Scope::named))
    }

    pub(crate) fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// What is in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of the other are in this.
    pub(crate) fn includes(self, other: Self) -> bool {
        let known = ALL.iter().fold(0, |bits, (scope, _, _)| bits | scope.bit());
        other.0 & known & !self.0 == 0
    }

    /// Their names.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let held = ALL.iter().filter(|(scope, _, _)| self.has(*scope));
        held.map(|(_, name, _)| *name).collect()
    }
}

/// What a person is in an organisation or a project; a larger one may all that a smaller one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Sees everything but who else may.
    Viewer,
    /// Works on issues and releases.
    Member,
    /// Everything.
    Owner,
}

impl Role {
    /// The role of this name. Sentry's `admin` and `manager` are members here who may a bit less than there.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Member, Self::Owner]
            .into_iter()
            .find(|role| role.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    /// What it may.
    pub(crate) fn scopes(self) -> Scopes {
        match self {
            Self::Viewer => Scopes::of([Scope::OrgRead, Scope::TeamRead, Scope::ProjectRead, Scope::EventRead]),
            Self::Member => Scopes::of([
                Scope::OrgRead,
                Scope::OrgCi,
                Scope::MemberRead,
                Scope::TeamRead,
                Scope::ProjectRead,
                Scope::ProjectReleases,
                Scope::EventAdmin,
            ]),
            Self::Owner => Scopes::ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_scopes_include_smaller_ones() {
        let admin = Scopes::read("project:admin org:ci nonsense");
        for scope in [
            "project:read",
            "project:write",
            "project:admin",
            "project:releases",
            "org:ci",
            "org:read",
        ] {
            assert!(admin.has(Scope::named(scope).unwrap()), "{scope}");
        }
        assert!(!admin.has(Scope::EventRead) && !admin.has(Scope::OrgWrite));
        assert!(!Scopes::read("project:read").has(Scope::ProjectWrite));
        assert_eq!(Scopes::read("nonsense"), Scopes(0));
        assert_eq!(Scopes::read(""), Scopes::ALL);
        assert!(Scopes::ALL.includes(admin) && !admin.includes(Scopes::ALL));
        assert!(admin.includes(Scopes::read("project:write")));
        assert_eq!(Scopes::ALL.names().len(), ALL.len());
        assert!(
            ALL.iter()
                .all(|(scope, name, _)| scope.name() == *name && Scope::named(name) == Some(*scope))
        );
    }

    #[test]
    fn larger_roles_may_what_smaller_ones_may() {
        let roles = [Role::Viewer, Role::Member, Role::Owner];
        for pair in roles.windows(2) {
            assert!(pair[0] < pair[1] && pair[1].scopes().includes(pair[0].scopes()));
        }
        assert!(roles.iter().all(|role| Role::named(role.name()) == Some(*role)));
        assert!(!Role::Viewer.scopes().has(Scope::MemberRead) && !Role::Member.scopes().has(Scope::ProjectWrite));
    }
}
