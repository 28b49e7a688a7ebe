//! The grammar: terms with white space between.
//!
//! ```text
//! term  = ["!"] (key ":" value | word | quoted)
//! key   = letters, digits, "_", "-", "." | "tags[" key "]" | quoted
//! value = text | "[" text *("," text) "]"
//! text  = quoted | any but white space; "*" is a wildcard, "\*" a star, "\"" a quotation mark, "\\" a backslash
//! ```

use super::{Pattern, Wrong};

const MAX_CHARS: usize = 2000;
const MAX_TERMS: usize = 20;
const MAX_VALUES: usize = 50;
/// Comparing takes longer with each.
const MAX_STARS: usize = 4;

/// A term as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    /// The character it begins at, counted from 1.
    pub(super) at: usize,
    pub(super) negated: bool,
    /// What is before the `:`.
    pub(super) key: Option<String>,
    /// It is the key of a tag, whatever it is called.
    pub(super) of_tag: bool,
    /// Several are alternatives.
    pub(super) values: Vec<Pattern>,
    /// The value was in quotes.
    pub(super) quoted: bool,
}

/// Reads a search.
pub(super) fn parse(text: &str) -> Result<Vec<Raw>, Wrong> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > MAX_CHARS {
        return Err(Wrong {
            at: MAX_CHARS + 1,
            what: format!("it is longer than {MAX_CHARS} characters"),
        });
    }
    let mut reader = Reader { chars, at: 0 };
    let mut terms = Vec::new();
    loop {
        reader.skip_space();
        if reader.peek().is_none() {
            return Ok(terms);
        }
        if terms.len() == MAX_TERMS {
            return Err(reader.wrong(format!("there are more than {MAX_TERMS} terms")));
        }
        if let Some(term) = reader.term()? {
            terms.push(term);
        }
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn peek_after(&self, offset: usize) -> Option<char> {
        self.chars.get(self.at + offset).copied()
    }

    fn rest_begins(&self, with: &str) -> bool {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        with.chars()
            .enumerate()
            .all(|(number, char)| rest.get(number) == Some(&char))
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong {
            at: self.at + 1,
            what: what.into(),
        }
    }

    fn term(&mut self) -> Result<Option<Raw>, Wrong> {
        let start = self.at;
        let negated = self.peek() == Some('!') && self.peek_after(1).is_some_and(|next| !next.is_whitespace());
        if negated {
            self.at += 1;
        }
        let of_tag = self.rest_begins("tags[");
        let key = self.key();
        let has_key = key.is_some();
        let quoted = self.peek() == Some('"');
        let values = if has_key && self.peek() == Some('[') {
            self.list()?
        } else {
            vec![self.text(&|_| false)?]
        };
        let raw = Raw {
            at: start + 1,
            negated,
            of_tag,
            key,
            values,
            quoted,
        };
        if !has_key && !quoted && !negated {
            match raw.values.first().and_then(Pattern::exact) {
                Some("AND") => return Ok(None),
                Some("OR") => {
                    let what = "OR is not known; alternatives of one key are written key:[a, b]";
                    return Err(Wrong {
                        at: start + 1,
                        what: what.to_owned(),
                    });
                }
                _ => {}
            }
        }
        Ok(Some(raw))
    }

    /// A key and its colon, if a value follows. Otherwise nothing is read.
    fn key(&mut self) -> Option<String> {
        let start = self.at;
        let key = self.key_alone();
        let follows = self.peek() == Some(':');
        let next = self.peek_after(1);
        // `std::vec` and `https://…` are words, and so is `Error:` with nothing behind it.
        let is_word = match next {
            None | Some(':') => true,
            Some('/') => self.peek_after(2) == Some('/'),
            Some(next) => next.is_whitespace(),
        };
        match key {
            Some(key) if follows && !is_word && !key.is_empty() => {
                self.at += 1;
                Some(key)
            }
            _ => {
                self.at = start;
                None
            }
        }
    }

    fn key_alone(&mut self) -> Option<String> {
        if self.peek() == Some('"') {
            return self.quoted().ok()?.exact().map(str::to_owned);
        }
        let mut key = self.name();
        if key == "tags" && self.peek() == Some('[') {
            self.at += 1;
            key = self.name();
            if self.peek() != Some(']') {
                return None;
            }
            self.at += 1;
        }
        Some(key)
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'))
        {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn list(&mut self) -> Result<Vec<Pattern>, Wrong> {
        let start = self.at;
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None => {
                    self.at = start;
                    return Err(self.wrong("the list does not end: a ] is missing"));
                }
                Some(']') => break,
                Some(',') => self.at += 1,
                Some(_) if values.len() == MAX_VALUES => {
                    return Err(self.wrong(format!("there are more than {MAX_VALUES} values")));
                }
                Some(_) => values.push(self.text(&|char| matches!(char, ',' | ']'))?),
            }
        }
        self.at += 1;
        if values.is_empty() {
            self.at = start;
            return Err(self.wrong("the list is empty"));
        }
        Ok(values)
    }

    fn text(&mut self, ends: &dyn Fn(char) -> bool) -> Result<Pattern, Wrong> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let mut pieces = Pieces::default();
        while let Some(char) = self.peek().filter(|char| !char.is_whitespace() && !ends(*char)) {
            self.push(char, &mut pieces)?;
        }
        Ok(pieces.pattern())
    }

    fn quoted(&mut self) -> Result<Pattern, Wrong> {
        let start = self.at;
        self.at += 1;
        let mut pieces = Pieces::default();
        loop {
            match self.peek() {
                None => {
                    self.at = start;
                    return Err(self.wrong("the quotation does not end: a \" is missing"));
                }
                Some('"') => {
                    self.at += 1;
                    return Ok(pieces.pattern());
                }
                Some(char) => self.push(char, &mut pieces)?,
            }
        }
    }

    fn push(&mut self, char: char, pieces: &mut Pieces) -> Result<(), Wrong> {
        match char {
            '\\' if matches!(self.peek_after(1), Some('*' | '"' | '\\')) => {
                pieces.last.extend(self.peek_after(1));
                self.at += 1;
            }
            '*' if pieces.before.len() == MAX_STARS && !pieces.last.is_empty() => {
                return Err(self.wrong(format!("there are more than {MAX_STARS} wildcards in one value")));
            }
            '*' => pieces.star(),
            char if char.is_control() && !char.is_whitespace() => {
                return Err(self.wrong("a control character cannot be searched for"));
            }
            char => pieces.last.push(char),
        }
        self.at += 1;
        Ok(())
    }
}

/// A pattern that is being read.
#[derive(Default)]
struct Pieces {
    before: Vec<String>,
    last: String,
}

impl Pieces {
    fn star(&mut self) {
        // Two stars are one.
        if self.before.is_empty() || !self.last.is_empty() {
            self.before.push(std::mem::take(&mut self.last));
        }
    }

    fn pattern(mut self) -> Pattern {
        self.before.push(self.last);
        Pattern::new(self.before)
    }
}
