//! The search for issues and events: a language that users of Sentry know, and what it becomes as SQL.
//!
//! | term | finds |
//! | --- | --- |
//! | `flush`, `"could not open"` | words of title and message, each by its beginning; with `*` in front, in the title alone |
//! | `release:1.0`, `!os.name:Linux` | a tag with this value; without it |
//! | `level:[error, fatal]` | one of several values |
//! | `release:editor@1.*`, `url:*cart*` | `*` for anything; elsewhere than at the end, upper and lower case are the same |
//! | `has:user.id`, `!has:release` | a tag at all; none |
//! | `user:17`, `user.email:a@example.com` | who was affected: `user` looks at id, email and name, `user:id:17` at one |
//! | `is:unresolved` | the state of an issue, see [`State`] |
//! | `assigned:ann@example.com`, `assigned:[me, none]` | whose issue it is |
//! | `release:latest` | the newest release of each project |
//! | `firstSeen:-24h`, `lastSeen:>2026-01-01`, `timestamp:`, `age:+7d` | `-24h`: since then, `+24h`: longer ago; of a date, the day |
//! | `times_seen:>10`, `users:>=5` | how many events an issue has, and how many users |
//! | `title:`, `message:`, `issue:EDITOR-3`, `id:` or 32 digits, `trace:`, `project:` | what they say |
//!
//! All terms must be true. Of an issue, each is true if it is of one of its events; they need not be the same. (For `has:` and
//! wildcards that more than 200 values fit, the newest ten events are looked at.)
//! Whatever is before a `:` and is none of these is the key of a tag; `a::b` and `https://…` are words, as is all
//! in quotes.
//!
//! The way of a search: [`parse`] knows the grammar, `terms` what a term means, both without any input or output.
//! `conditions` looks up what it means in a project (its tags: `tags`); `issues` and `events` put the SQL together and `walk` pages through it:
//! always along an index, always from a place and not from a number, and past a bounded number of rows.

mod conditions;
pub(crate) mod cursor;
mod driver;
pub(crate) mod events;
pub(crate) mod histogram;
pub(crate) mod issues;
mod parse;
mod tags;
mod terms;
mod values;
pub(crate) mod walk;

#[cfg(test)]
mod plans;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use conditions::Project;
pub(crate) use tags::latest;
pub(crate) use terms::{IssueName, Of, Search, State, Term, What};
pub(crate) use values::{Pattern, Range};

/// What is wrong about a search, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The character it begins at, counted from 1.
    pub(crate) at: usize,
    pub(crate) what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Invalid query, at character {}: {}", self.at, self.what)
    }
}
