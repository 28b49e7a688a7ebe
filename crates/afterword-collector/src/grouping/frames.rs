//! A frame as it counts: where it is and what it is called, without all that differs from build to build or from machine to
//! machine.
//!
//! - Native names lose return type, arguments and hashes (`afterword_symbols::signature::trim`).
//! - JavaScript engines write `Object.load`, `async load` and `load [as run]` where others write `load`. Functions without a
//!   name and minified ones (one or two letters) count as such, with their file.
//! - Java and C# number what their compilers make up: `lambda$run$3`, `$Proxy17`, `<Run>b__0_1`.
//! - A path is a name within the application (`views/login.py`) and stays; an absolute one, or an address, says where the
//!   application is installed, and only its last part counts. Hashes, numbers of builds and queries in it do not:
//!   `main.3f2a1b.js?v=7` is `main.#.js`.

use crate::event::{Event, Frame};

const ANONYMOUS: &str = "<anonymous>";
const MAX_PATH_BYTES: usize = 1024;

/// `canvas.js:flush`, and whether the function has a name. `None` for a frame that says nothing.
pub(super) fn part(frame: &Frame, event: &Event) -> Option<(String, bool)> {
    let family = Family::of(&event.platform);
    let place = frame
        .module
        .as_deref()
        .map(|module| module_name(module, family))
        .or_else(|| frame.file.as_deref().and_then(|file| path(file, family)))
        .or_else(|| frame.package_name().map(str::to_owned));
    let function = match family {
        Family::Native => frame.short_name(),
        _ => frame.function.as_deref().and_then(|name| function(name, family)),
    };
    let has_name = function.is_some();
    if place.is_none() && !has_name {
        return None;
    }
    let place = place.unwrap_or_default();
    Some((
        format!("{place}:{}", function.as_deref().unwrap_or(ANONYMOUS)),
        has_name,
    ))
}

/// The type of an exception.
pub(super) fn type_name(kind: &str, platform: &str) -> String {
    match Family::of(platform) {
        Family::Java => without_made_up(kind),
        _ => kind.to_owned(),
    }
}

/// Languages that name functions alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Native,
    JavaScript,
    Java,
    CSharp,
    Other,
}

impl Family {
    pub(super) fn of(platform: &str) -> Self {
        match platform {
            "native" | "c" | "rust" | "cocoa" | "objc" | "swift" => Self::Native,
            "javascript" | "node" | "typescript" => Self::JavaScript,
            "java" | "kotlin" | "scala" | "groovy" => Self::Java,
            "csharp" => Self::CSharp,
            _ => Self::Other,
        }
    }
}

/// A function's name; `None` if it has none that means something.
fn function(name: &str, family: Family) -> Option<String> {
    let name = name.trim();
    let name = match family {
        Family::JavaScript => return of_javascript(name),
        Family::Java => without_made_up(name),
        Family::CSharp => without_digits_behind(name, "__"),
        // PHP writes the file and line of a class or closure without a name behind it.
        Family::Native | Family::Other => match name.split_once("@anonymous") {
            Some((before, _)) => format!("{before}@anonymous"),
            None if name.starts_with("{closure") => "{closure}".to_owned(),
            None => name.to_owned(),
        },
    };
    let is_none = ["", "?", ANONYMOUS, "<unknown>", "(anonymous)"].contains(&name.as_str());
    (!is_none).then_some(name)
}

fn of_javascript(name: &str) -> Option<String> {
    let name = name.split(" [as ").next().unwrap_or(name);
    let name = ["async ", "new ", "get ", "set "]
        .iter()
        .fold(name, |name, word| name.strip_prefix(word).unwrap_or(name));
    // `outer/inner<` is how Firefox calls a function without a name inside of `outer`.
    if name.ends_with('<') || name.contains("anonymous") || name == "eval" || name == "?" {
        return None;
    }
    let is_minified = name.split('.').all(|part| part.chars().count() <= 2);
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    (!is_minified && !last.is_empty()).then(|| last.to_owned())
}

/// `com.acme.Job$$Lambda$14/0x0000` → `com.acme.Job$$Lambda`, `lambda$run$3` → `lambda$run$`, `$Proxy17` → `$Proxy`.
fn without_made_up(name: &str) -> String {
    for marker in [
        "$$Lambda",
        "$$EnhancerBy",
        "$$FastClassBy",
        "$$SpringCGLIB",
        "$Proxy",
        "GeneratedMethodAccessor",
    ] {
        if let Some(at) = name.find(marker) {
            return name[..at + marker.len()].to_owned();
        }
    }
    without_digits_behind(name, "$")
}

/// Drops numbers that stand behind a marker.
fn without_digits_behind(name: &str, marker: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(marker) {
        let end = at + marker.len();
        out.push_str(&rest[..end]);
        let behind = rest[end..].trim_start_matches(|char: char| char.is_ascii_digit());
        // `b__0_1`: the number of the function behind that of its class.
        let number = behind
            .strip_prefix('_')
            .filter(|_| behind.len() < rest.len() - end)
            .map(|behind| behind.trim_start_matches(|char: char| char.is_ascii_digit()));
        rest = number.unwrap_or(behind);
    }
    out.push_str(rest);
    out
}

fn module_name(module: &str, family: Family) -> String {
    match family {
        Family::Java => without_made_up(module),
        Family::JavaScript => path(module, family).unwrap_or_else(|| module.to_owned()),
        _ => module.to_owned(),
    }
}

/// A source file as it is called within the application; `None` if it has no name of its own.
fn path(file: &str, family: Family) -> Option<String> {
    let file = &file[..file.floor_char_boundary(MAX_PATH_BYTES)];
    if file.starts_with("blob:") || file.starts_with("data:") || file.starts_with('<') {
        return None;
    }
    let without_scheme = file.split_once("://").map(|(_, rest)| rest);
    let file = without_scheme.unwrap_or(file);
    let file = match family {
        Family::JavaScript => file.split(['?', '#']).next().unwrap_or(file),
        _ => file,
    };
    let file = file.replace('\\', "/");
    let is_absolute = without_scheme.is_some() || file.starts_with('/') || file.get(1..3) == Some(":/");
    let file = if is_absolute {
        file.rsplit('/').next().unwrap_or_default()
    } else {
        file.trim_start_matches("./")
    };
    let parts: Vec<String> = file.split('/').map(|part| without_hashes(part, family)).collect();
    let path = parts.join("/");
    (!path.is_empty()).then_some(path)
}

/// A part of a path with `#` for hashes, and for versions behind an `@`.
fn without_hashes(part: &str, family: Family) -> String {
    let version = part
        .match_indices('@')
        .find(|(at, _)| *at > 0 && part[at + 1..].starts_with(|char: char| char.is_ascii_digit()));
    if let Some((at, _)) = version {
        return format!("{}#", without_hashes(&part[..at], family));
    }
    let mut out = String::with_capacity(part.len());
    for token in part.split_inclusive(['.', '-', '_', '~', '@']) {
        let end = token.trim_end_matches(['.', '-', '_', '~', '@']);
        if is_hash(end, family) {
            out.push('#');
            out.push_str(&token[end.len()..]);
        } else {
            out.push_str(token);
        }
    }
    out
}

/// Hexadecimal digits with a decimal one among them, a long number, or what bundlers make of 64 different characters.
fn is_hash(token: &str, family: Family) -> bool {
    let bytes = token.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_hex = bytes.len() >= 6 && digits > 0 && bytes.iter().all(u8::is_ascii_hexdigit);
    let is_mixed = || {
        bytes.len() == 8
            && bytes.iter().all(u8::is_ascii_alphanumeric)
            && bytes.iter().skip(1).any(u8::is_ascii_uppercase)
            && bytes.iter().any(u8::is_ascii_lowercase)
    };
    is_hex || (family == Family::JavaScript && is_mixed())
}
