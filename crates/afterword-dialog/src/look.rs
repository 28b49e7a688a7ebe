//! What a person looks at in the details, and what they chose of it. No I/O here: bytes that the view has not yet are asked
//! for, and are there in the next frame.

use std::ops::Range;
use std::path::{Path, PathBuf};

use afterword_store::{Choices, Outgoing, Part, PartKind};
use time::OffsetDateTime;

/// So many bytes are read and paged through at once.
pub(crate) const PAGE_BYTES: u64 = 64 * 1024;

/// A part of the details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Which app, where to, and the stack.
    #[default]
    Summary,
    /// Tags and contexts.
    Context,
    /// What led up to it.
    Breadcrumbs,
    /// The app's program and libraries.
    Modules,
    /// Each part of what would be sent, to be left out or not.
    Files,
    /// The bytes of each part, and of the minidump's streams.
    Bytes,
    /// The event as text.
    Text,
}

impl Tab {
    /// All of them, in their order.
    pub const ALL: [Tab; 7] = [
        Tab::Summary,
        Tab::Context,
        Tab::Breadcrumbs,
        Tab::Modules,
        Tab::Files,
        Tab::Bytes,
        Tab::Text,
    ];
}

/// Whose bytes are looked at: those of a part, or of a range in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) part: String,
    pub(crate) range: Option<Range<u64>>,
}

/// A page of bytes as it was read, or why it could not be.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) subject: Subject,
    pub(crate) number: u64,
    pub(crate) bytes: Result<Vec<u8>, String>,
}

/// Saving a copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copying {
    pub(crate) open: bool,
    /// Where to, as typed.
    pub(crate) path: String,
    pub(crate) result: Option<Result<Saved, CopyFailure>>,
}

/// A copy that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) path: PathBuf,
    pub(crate) size_bytes: u64,
}

/// Why there is no copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CopyFailure {
    /// The folder may not be written into.
    Denied(PathBuf),
    /// There is no such folder.
    NoFolder(PathBuf),
    /// There is something of this name already.
    Exists(PathBuf),
    /// There is no room left.
    Full,
    /// Anything else, in the system's words.
    Other(String),
}

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    pub(crate) tab: Tab,
    /// What would be sent, under what was chosen; none while it could not be read.
    pub(crate) outgoing: Option<Outgoing>,
    /// Why it could not be read.
    pub(crate) unread: Option<String>,
    /// Names of the parts that do not go.
    pub(crate) left_out: Vec<String>,
    pub(crate) subject: Subject,
    pub(crate) page: u64,
    pub(crate) as_text: bool,
    /// The page that was read last.
    pub(crate) have: Option<Page>,
    /// The page in view is another.
    pub(crate) page_wanted: bool,
    /// The event as text, in lines short enough to lay out.
    pub(crate) rows: Option<Vec<String>>,
    pub(crate) rows_wanted: bool,
    pub(crate) copying: Copying,
}

impl Look {
    /// Applies the choices to what would be sent.
    pub(crate) fn choose(&mut self, comment: &str, asked_at: OffsetDateTime) {
        let left_out = self.left_out.clone();
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.choose(&Choices {
                left_out,
                comment: Some(comment.to_owned()),
                email: None,
                commented_at: Some(asked_at),
            });
        }
    }

    /// Takes in what was laid out anew: what was read before may be another by now.
    pub(crate) fn laid_out(&mut self, outgoing: Result<Outgoing, String>) {
        self.have = None;
        self.rows = None;
        match outgoing {
            Ok(outgoing) => (self.outgoing, self.unread) = (Some(outgoing), None),
            Err(why) => (self.outgoing, self.unread) = (None, Some(why)),
        }
        let is_there = self.part(&self.subject.part).is_some();
        if !is_there {
            let first = self.parts().find(|part| part.kind() == PartKind::Minidump);
            let first = first.or_else(|| self.parts().nth(1)).or_else(|| self.parts().next());
            self.subject = Subject {
                part: first.map(|part| part.name().to_owned()).unwrap_or_default(),
                range: None,
            };
        }
    }

    /// What would be sent, part by part.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.outgoing.iter().flat_map(Outgoing::parts)
    }

    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.parts().find(|part| part.name() == name)
    }

    /// Where the bytes in view lie in their part.
    pub(crate) fn range(&self) -> Range<u64> {
        let whole = self.part(&self.subject.part).map_or(0, Part::payload_bytes);
        match &self.subject.range {
            Some(range) => range.start.min(whole)..range.end.min(whole),
            None => 0..whole,
        }
    }

    /// The page in view; none while it is being read, which this asks for.
    pub(crate) fn page_in_view(&mut self) -> Option<&Page> {
        let is_it = |page: &Page| page.subject == self.subject && page.number == self.page;
        if !self.have.as_ref().is_some_and(is_it) {
            self.page_wanted = true;
            return None;
        }
        self.have.as_ref()
    }

    /// Looks at something else, from its beginning.
    pub(crate) fn look_at(&mut self, subject: Subject) {
        self.subject = subject;
        self.page = 0;
    }

    /// Where a copy would go.
    pub(crate) fn copy_path(&self) -> &Path {
        Path::new(self.copying.path.trim())
    }
}
