//! Rules of a project: which functions are the application's.
//!
//! The setting `in_app` is a list of rules, applied from the first to the last to every frame; the last that matches decides.
//! Each is an action and one or more matchers that must all hold, in any order, with spaces between:
//!
//! ```text
//! +app module:libpaint*              what this library does is ours
//! -app function:std::*               and this is not
//! -app path:**/node_modules/**
//! +app !function:vendor::* package:/opt/paint/*
//! family:native function:"operator new*" -app
//! # a comment
//! ```
//!
//! | matcher | is compared with |
//! | --- | --- |
//! | `function` | the function's name, as it came and trimmed |
//! | `module` | the module or namespace, the path of the executable or library, and its file name |
//! | `package` | the path of the executable or library, and its file name |
//! | `path` | the source file's path, and as short as the client gives it |
//! | `family` | `native`, `javascript` or `other`; several with commas |
//!
//! In a pattern `*` stands for anything, `?` for one character, and `**/` at the beginning of a path for any folder or none.
//! Case counts for functions and modules, not for paths; `\` in a path is `/`. A `!` before a matcher turns it round. The
//! names of Sentry's stack trace rules are understood, too (`stack.function:`, `stack.abs_path:`, …), as far as their actions
//! are `+app` and `-app`.
//!
//! In the signature of a native crash a function that is not the application's is left out, and one that is ends it.

use regex::{Regex, RegexBuilder};

use super::frames::Family;
use crate::Error;
use crate::event::{Event, Frame};

/// The name of the setting.
pub(crate) const SETTING: &str = "in_app";

/// The most rules, comments included.
const MAX_RULES: usize = 200;
const MAX_RULE_BYTES: usize = 500;
const MAX_MATCHERS: usize = 5;
/// The most `*` of a pattern, of which several on end are one.
const MAX_STARS: usize = 10;
/// The most memory that a pattern may take, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// The rules of a project.
#[derive(Debug, Default)]
pub(crate) struct InApp {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    in_app: bool,
    matchers: Vec<Matcher>,
}

#[derive(Debug)]
struct Matcher {
    is_negated: bool,
    on: On,
}

#[derive(Debug)]
enum On {
    Families(Vec<Family>),
    Function(Regex),
    Module(Regex),
    Package(Regex),
    Path(Regex),
}

impl InApp {
    /// Reads rules as they are written, one in each line; lines may hold several.
    ///
    /// # Errors
    /// [`Error::Rule`], which names the line and what is wrong with it.
    pub(crate) fn parse<S: AsRef<str>>(lines: &[S]) -> Result<Self, Error> {
        let lines: Vec<&str> = lines.iter().flat_map(|line| line.as_ref().lines()).collect();
        let wrong = |number: usize, reason: String| Error::Rule {
            line: number + 1,
            reason,
        };
        if lines.len() > MAX_RULES {
            return Err(wrong(MAX_RULES, format!("there may be at most {MAX_RULES} rules")));
        }
        let mut rules = Vec::new();
        for (number, line) in lines.into_iter().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                rules.push(Rule::parse(line).map_err(|reason| wrong(number, reason))?);
            }
        }
        Ok(Self { rules })
    }

    /// Has each frame of an event be what the last rule that matches says.
    pub(crate) fn apply(&self, event: &mut Event) {
        if self.rules.is_empty() {
            return;
        }
        let family = match Family::of(&event.platform) {
            family @ (Family::Native | Family::JavaScript) => family,
            _ => Family::Other,
        };
        let stacks = event.exceptions.iter_mut().map(|exception| &mut exception.stack);
        let stacks = stacks.chain(event.threads.iter_mut().map(|thread| &mut thread.stack));
        for frame in stacks.chain([&mut event.stack]).flat_map(|stack| &mut stack.frames) {
            let rule = self.rules.iter().rev().find(|rule| rule.matches(frame, family));
            if let Some(rule) = rule {
                frame.in_app = Some(rule.in_app);
                frame.by_rule = Some(rule.in_app);
            }
        }
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, String> {
        if line.len() > MAX_RULE_BYTES {
            return Err(format!("a rule has at most {MAX_RULE_BYTES} bytes"));
        }
        let mut in_app = None;
        let mut matchers = Vec::new();
        for word in words(line)? {
            match word.as_str() {
                "+app" | "-app" => {
                    if in_app.replace(word == "+app").is_some() {
                        return Err("it says +app or -app more than once".to_owned());
                    }
                }
                word if word.contains(':') => matchers.push(Matcher::parse(word)?),
                word => {
                    return Err(format!(
                        "{word:?} is neither +app, -app nor a matcher such as function:std::*"
                    ));
                }
            }
        }
        let in_app = in_app.ok_or("it says neither +app nor -app")?;
        if matchers.is_empty() || matchers.len() > MAX_MATCHERS {
            return Err(format!(
                "it must have 1 to {MAX_MATCHERS} matchers such as function:std::*"
            ));
        }
        Ok(Self { in_app, matchers })
    }

    fn matches(&self, frame: &Frame, family: Family) -> bool {
        self.matchers
            .iter()
            .all(|matcher| matcher.on.matches(frame, family) != matcher.is_negated)
    }
}

impl Matcher {
    fn parse(word: &str) -> Result<Self, String> {
        let (is_negated, word) = match word.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        let (name, pattern) = word.split_once(':').unwrap_or((word, ""));
        if pattern.is_empty() {
            return Err(format!("{name}: has no pattern"));
        }
        let on = match name.strip_prefix("stack.").unwrap_or(name) {
            "function" => On::Function(regex(pattern, false)?),
            "module" => On::Module(regex(pattern, false)?),
            "package" => On::Package(regex(pattern, true)?),
            "path" | "abs_path" => On::Path(regex(pattern, true)?),
            "family" => On::Families(pattern.split(',').map(family).collect::<Result<_, _>>()?),
            _ => {
                return Err(format!(
                    "{name:?} cannot be matched; what can is function, module, package, path and family"
                ));
            }
        };
        Ok(Self { is_negated, on })
    }
}

impl On {
    fn matches(&self, frame: &Frame, family: Family) -> bool {
        let package = frame.package.as_deref();
        let file_name = frame.package_name();
        match self {
            Self::Families(families) => families.contains(&family),
            Self::Function(regex) => {
                let name = frame.function.as_deref();
                name.is_some_and(|name| regex.is_match(name))
                    || frame.short_name().is_some_and(|name| regex.is_match(&name))
            }
            Self::Module(regex) => [frame.module.as_deref(), package, file_name]
                .into_iter()
                .flatten()
                .any(|name| regex.is_match(name)),
            Self::Package(regex) => is_path(regex, [package, file_name]),
            Self::Path(regex) => is_path(regex, [frame.path.as_deref(), frame.file.as_deref()]),
        }
    }
}

fn is_path(regex: &Regex, paths: [Option<&str>; 2]) -> bool {
    let paths = paths.into_iter().flatten();
    paths
        .map(|path| path.replace('\\', "/"))
        .any(|path| regex.is_match(&path))
}

fn family(name: &str) -> Result<Family, String> {
    match name.trim() {
        "native" => Ok(Family::Native),
        "javascript" => Ok(Family::JavaScript),
        "other" => Ok(Family::Other),
        name => Err(format!("{name:?} is no family: native, javascript and other are")),
    }
}

/// Words with spaces between; within `"` spaces belong to the word.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_quoted = false;
    for char in line.chars() {
        match char {
            '"' => is_quoted = !is_quoted,
            char if char.is_whitespace() && !is_quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            char => word.push(char),
        }
    }
    if is_quoted {
        return Err("a \" is not closed".to_owned());
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn regex(pattern: &str, is_path: bool) -> Result<Regex, String> {
    let slashed = pattern.replace('\\', "/");
    let pattern = if is_path { &slashed } else { pattern };
    let mut text = String::from("^");
    let mut rest = pattern;
    if is_path && let Some(tail) = rest.strip_prefix("**/") {
        text.push_str("(?:.*/)?");
        rest = tail;
    }
    let mut literal = [0; 4];
    let mut stars = 0;
    let mut previous = ' ';
    for char in rest.chars() {
        match char {
            '*' if previous == '*' => {}
            '*' => {
                stars += 1;
                text.push_str(".*");
            }
            '?' => text.push('.'),
            char => text.push_str(&regex::escape(char.encode_utf8(&mut literal))),
        }
        previous = char;
    }
    if stars > MAX_STARS {
        return Err(format!("a pattern has at most {MAX_STARS} *"));
    }
    text.push('$');
    RegexBuilder::new(&text)
        .case_insensitive(is_path)
        .dot_matches_new_line(true)
        .size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|_| "a pattern is too long".to_owned())
}
