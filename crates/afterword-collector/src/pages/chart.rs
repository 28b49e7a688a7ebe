//! Charts: pure functions from figures to pictures, drawn here as SVG, without script and without inline style.
//!
//! | function | picture |
//! | --- | --- |
//! | [`spark`] | a few small bars for a line of a list |
//!
//! Colours are classes, see `assets/css/charts.css`. All text in a [`Picture`] is escaped here, so templates print one as it is.

mod markup;
mod spark;

pub(crate) use markup::Picture;
pub(crate) use spark::spark;
