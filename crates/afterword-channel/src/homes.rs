//! The folders whose names tell who the user is, and how they are masked in what is written down.
//!
//! A path such as `/home/ann/app` names the person. In fields that hold paths (and in nothing else) the last component of
//! the home folder is replaced at equal length by `*`: `/home/***/app`. It is replaced only where the path lies in the home
//! folder, compared component by component, so that for a user named `main` nothing changes but paths below that folder.
//! Equal length keeps every offset in a dump as it was, and the reader can map the path back on this machine
//! ([`Homes::path_map`]).
//!
//! What the masks need is made once, by [`Homes::without_asking`] or [`Homes::of_this_user`], outside any signal handler.
//! Masking allocates nothing and takes no lock, so that a crash handler may do it too.
//!
//! `/` is nobody's name and is never masked. Neither are `/root` and macOS' `/var/root`: every administrator has that one,
//! so it names nobody, and the paths of most containers and build machines stay legible.

mod pattern;
mod text;

#[cfg(unix)]
#[path = "homes/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "homes/windows.rs"]
mod sys;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use pattern::Pattern;

/// Home as given, from the list of users and from the system, each as it is and with its links resolved: more are not kept.
const MAX_HOMES: usize = 8;
/// Homes that everybody has.
const NOBODYS: &[&str] = &["/root", "/var/root"];

/// The home folders of a user: a few absolute paths with at least one component, without duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Homes {
    homes: Vec<Home>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Home {
    path: PathBuf,
    bytes: Pattern<u8>,
    units: Pattern<u16>,
}

impl Homes {
    /// The homes of the user of this process, from the environment, the canonical form of that, and the system's list of
    /// users. The system may ask a server for the last one (NIS, LDAP), so this can block: for the reporter and the
    /// readers, not for an app. Never in a signal handler.
    pub fn of_this_user() -> Homes {
        Homes::with_canonical(sys::given().into_iter().chain(sys::listed()).chain(sys::asked()))
    }

    /// As [`Homes::of_this_user`], without asking anybody: of the list of users only the file on this machine is read, and
    /// of that a bounded part. For the app. Allocates, so not in a signal handler.
    pub fn without_asking() -> Homes {
        Homes::with_canonical(sys::given().into_iter().chain(sys::listed()))
    }

    fn with_canonical(given: impl Iterator<Item = PathBuf>) -> Homes {
        let both = |home: PathBuf| [std::fs::canonicalize(&home).ok(), Some(home)].into_iter().flatten();
        Homes::from_paths(given.flat_map(both))
    }

    /// These folders; those that are not absolute or name nobody are left out.
    pub fn from_paths(paths: impl IntoIterator<Item = PathBuf>) -> Homes {
        let mut homes: Vec<Home> = Vec::new();
        for path in paths {
            if let Some(home) = Home::new(&path)
                && !homes.iter().any(|known| known.bytes == home.bytes)
                && homes.len() < MAX_HOMES
            {
                homes.push(home);
            }
        }
        // The longest first: a reader takes the first prefix that fits.
        homes.sort_by_key(|home| std::cmp::Reverse(home.path.as_os_str().len()));
        Homes { homes }
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.homes.is_empty()
    }

    /// Masks the user's component of a path (UTF-8, or the bytes that the system gave) if it lies in a home folder or is
    /// one. Returns whether it did. May be called in a signal handler.
    pub fn mask_in_place(&self, path: &mut [u8]) -> bool {
        mask(&self.homes, |home| &home.bytes, path)
    }

    /// As [`Homes::mask_in_place`], for the UTF-16 of a minidump's strings and of Windows.
    pub fn mask_utf16_in_place(&self, path: &mut [u16]) -> bool {
        mask(&self.homes, |home| &home.units, path)
    }

    /// Masks the user's component wherever in a text a path begins that lies in a home folder: at the start, or after a
    /// character that is not usual in a file's name (space, quote, `=`, `:`, …). The length in bytes stays.
    pub fn mask_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked: Option<Vec<u8>> = None;
        for home in &self.homes {
            for name in text::places(text, &home.bytes) {
                masked.get_or_insert_with(|| text.as_bytes().to_vec())[name].fill(b'*');
            }
        }
        // What was replaced are whole components, so this is still UTF-8.
        match masked.map(String::from_utf8) {
            Some(Ok(masked)) => Cow::Owned(masked),
            Some(Err(_)) | None => Cow::Borrowed(text),
        }
    }

    /// How masked prefixes are found on this machine: each home as it looks masked, and as it is. The longest first. A name
    /// that is not ASCII has more bytes than UTF-16 units, and stands here in both lengths.
    pub fn path_map(&self) -> Vec<(String, PathBuf)> {
        let mut map: Vec<(String, PathBuf)> = Vec::new();
        for home in &self.homes {
            let plain = home.path.to_string_lossy();
            let mut units: Vec<u16> = plain.encode_utf16().collect();
            self.mask_utf16_in_place(&mut units);
            let mut bytes = plain.as_bytes().to_vec();
            self.mask_in_place(&mut bytes);
            for masked in [
                String::from_utf16_lossy(&units),
                String::from_utf8_lossy(&bytes).into_owned(),
            ] {
                if !map.iter().any(|(known, _)| *known == masked) {
                    map.push((masked, home.path.clone()));
                }
            }
        }
        map
    }
}

impl Home {
    fn new(path: &Path) -> Option<Home> {
        let bytes = path.as_os_str().as_encoded_bytes();
        let units: Vec<u16> = String::from_utf8_lossy(bytes).encode_utf16().collect();
        let home = Home {
            bytes: Pattern::new(bytes)?,
            units: Pattern::new(&units)?,
            path: pattern::plain(path),
        };
        let is_nobodys = |nobodys: &&str| Pattern::new(nobodys.as_bytes()).as_ref() == Some(&home.bytes);
        (!NOBODYS.iter().any(is_nobodys)).then_some(home)
    }
}

/// Masks by every home that fits. All are compared before anything is replaced: one home may lie in another, as a snap's in
/// its user's.
fn mask<T: pattern::Unit>(homes: &[Home], pattern: fn(&Home) -> &Pattern<T>, path: &mut [T]) -> bool {
    let mut places = [(0, 0); MAX_HOMES];
    let mut count = 0;
    for home in homes.iter().take(MAX_HOMES) {
        if let Some(name) = pattern(home).name_in(path) {
            places[count] = (name.start, name.end);
            count += 1;
        }
    }
    for (start, end) in &places[..count] {
        for unit in &mut path[*start..*end] {
            *unit = T::from(b'*');
        }
    }
    count > 0
}

#[cfg(test)]
mod tests;
