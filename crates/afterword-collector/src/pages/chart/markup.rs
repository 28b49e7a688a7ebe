//! Markup that templates print as it is: made of our own elements, of numbers, and of text that was escaped on its way in.

use std::fmt::{self, Display, Write as _};

use askama::filters::HtmlSafe;

/// A piece of HTML or SVG to be printed as it is: `{{ picture }}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Picture(String);

impl Picture {
    /// Our own markup, and nothing that somebody else wrote.
    pub(in crate::pages) fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Numbers between markup of ours: `format_args!("<rect x=\"{x}\"/>")`, of numbers and `&'static str` alone.
    pub(in crate::pages) fn draw(&mut self, markup: fmt::Arguments<'_>) -> &mut Self {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(markup);
        self
    }

    /// Text of anybody, for between elements and for attributes in double quotes.
    pub(in crate::pages) fn text(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                char => self.0.push(char),
            }
        }
        self
    }

    /// The markup.
    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Picture {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

// Whatever comes from outside went through `text`.
impl HtmlSafe for Picture {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        let mut picture = Picture::default();
        picture.raw("<title>").text("</title><script>'\"&").raw("</title>");
        assert_eq!(
            picture.as_str(),
            "<title>&lt;/title&gt;&lt;script&gt;&#39;&quot;&amp;</title>"
        );
    }
}
