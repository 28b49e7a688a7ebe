//! What is around every chart: title, key, axes, tooltips and the table beneath.

use super::scale::{HEIGHT, Scale, TOP};
use super::{Ink, Picture, Unit};

/// Below what is drawn, for what is written there.
const BOTTOM: f64 = 24.0;

/// A number with at most two decimals, as short as it can be.
pub(super) struct Short(pub(super) f64);

impl std::fmt::Display for Short {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0 * 100.0).round() / 100.0;
        // No "-0".
        write!(to, "{}", if hundredths == 0.0 { 0.0 } else { hundredths })
    }
}

/// How far along a place between so many is, in percent.
#[expect(clippy::cast_precision_loss, reason = "some hundred")]
pub(super) fn percent_of(at: f64, slots: usize) -> f64 {
    at * 100.0 / slots.max(1) as f64
}

/// How the key shows a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Bars,
    Lines,
}

/// Begins a chart: its title, and a key if there are several kinds.
pub(super) fn open(
    picture: &mut Picture,
    id: &'static str,
    title: &str,
    unit: Unit,
    kinds: &[(&str, Ink)],
    shape: Shape,
) {
    picture.draw(format_args!(r#"<figure class="chart"><figcaption id="{id}">"#));
    picture.raw("<span class=\"chart-title\">").text(title).raw("</span>");
    if !unit.beside().is_empty() {
        picture
            .raw(" <span class=\"chart-unit\">")
            .raw(unit.beside())
            .raw("</span>");
    }
    picture.raw("</figcaption>");
    if kinds.len() > 1 {
        picture.raw("<ul class=\"chart-key\">");
        for (name, ink) in kinds {
            picture.raw("<li>");
            let class = ink.class();
            match shape {
                Shape::Bars => {
                    picture.raw(r#"<svg width="14" height="14" aria-hidden="true">"#);
                    picture.draw(format_args!(
                        r#"<rect class="bar {class}" x="1" y="1" width="12" height="12""#
                    ));
                    fill(picture, id, *ink);
                    picture.raw("/>");
                }
                Shape::Lines => {
                    picture.raw(r#"<svg width="28" height="14" aria-hidden="true">"#);
                    picture.draw(format_args!(r#"<path class="line {class}" d="M1 7h26"/>"#));
                }
            }
            picture.raw("</svg>").text(name).raw("</li>");
        }
        picture.raw("</ul>");
    }
}

/// Begins the picture: `said` is what it shows in words, for those who do not see it.
pub(super) fn open_plot(picture: &mut Picture, id: &'static str, said: &str) {
    let height = Short(TOP + HEIGHT + BOTTOM);
    picture.draw(format_args!(
        r#"<svg class="plot" role="img" height="{height}" aria-labelledby="{id} {id}-said"><desc id="{id}-said">"#
    ));
    picture.text(said).raw("</desc>");
}

/// Stripes for those inks that have them.
pub(super) fn patterns(picture: &mut Picture, id: &'static str, inks: impl Iterator<Item = Ink>) {
    let mut known = Vec::new();
    for ink in inks {
        let (Some(height), false) = (ink.stripe(), known.contains(&ink)) else {
            continue;
        };
        known.push(ink);
        let class = ink.class();
        // Stripes lie: so they stay the same in a picture that is stretched along x.
        picture.draw(format_args!(
            "<defs><pattern id=\"{id}-{class}\" width=\"8\" height=\"4\" patternUnits=\"userSpaceOnUse\">\
             <rect class=\"bar {class}\" width=\"8\" height=\"{height}\"/></pattern></defs>"
        ));
    }
}

/// The attribute that fills a bar with its stripes.
pub(super) fn fill(picture: &mut Picture, id: &'static str, ink: Ink) {
    if ink.stripe().is_some() {
        picture.draw(format_args!(" fill=\"url(#{id}-{})\"", ink.class()));
    }
}

/// The y axis: lines across, and what they mean.
pub(super) fn y_axis(picture: &mut Picture, unit: Unit, scale: &Scale) {
    let ticks = scale.ticks();
    let labels = unit.ticks(&ticks, scale.step);
    for (value, label) in ticks.iter().zip(&labels) {
        let y = Short(scale.y(*value).round() + 0.5);
        let class = if *value == 0.0 { "zero" } else { "grid" };
        picture.draw(format_args!(r#"<line class="{class}" x2="100%" y1="{y}" y2="{y}"/>"#));
        let text = Short(scale.y(*value).round() + 4.0);
        picture.draw(format_args!(r#"<text class="y" x="-8" y="{text}">"#));
        picture.text(label).raw("</text>");
    }
}

/// What is written below a place along x, in percent.
pub(super) fn x_label(picture: &mut Picture, percent: f64, label: &str, minor: bool) {
    let (x, y) = (Short(percent), Short(TOP + HEIGHT + 18.0));
    let class = match (minor, percent) {
        (true, _) => "x minor",
        (false, percent) if percent > 97.0 => "x last",
        (false, _) => "x",
    };
    picture.draw(format_args!(r#"<text class="{class}" x="{x}%" y="{y}">"#));
    picture.text(label).raw("</text>");
}

/// A line across at a place along x, in percent, with what it means; `shown`: beside it, not only as a tooltip.
pub(super) fn mark(picture: &mut Picture, percent: f64, label: &str, shown: bool) {
    let x = Short(percent.clamp(0.0, 100.0));
    let (top, bottom) = (Short(TOP), Short(TOP + HEIGHT));
    picture.raw("<g class=\"mark\"><title>").text(label).raw("</title>");
    picture.draw(format_args!(r#"<line x1="{x}%" x2="{x}%" y1="{top}" y2="{bottom}"/>"#));
    // Wider than it looks, for the pointer.
    picture.draw(format_args!(
        r#"<line class="near" x1="{x}%" x2="{x}%" y1="{top}" y2="{bottom}"/>"#
    ));
    if shown {
        // To the left, where there is room: the right end of the picture is nearer where it is narrow.
        let (class, dx) = if percent > 35.0 { ("before", -4) } else { ("behind", 4) };
        picture.draw(format_args!(
            r#"<text class="{class}" x="{x}%" dx="{dx}" y="{}">"#,
            Short(TOP - 7.0)
        ));
        picture.text(label).raw("</text>");
    }
    picture.raw("</g>");
}

/// A place for the pointer over a slot of so many, with what it tells.
pub(super) fn hit(picture: &mut Picture, slot: f64, slots: usize, said: &str) {
    let (x, width) = (Short(percent_of(slot, slots)), Short(percent_of(1.0, slots)));
    let height = Short(TOP + HEIGHT);
    picture.draw(format_args!(
        r#"<rect class="hit" x="{x}%" width="{width}%" height="{height}"><title>"#
    ));
    picture.text(said).raw("</title></rect>");
}

/// Words in the place of a curve.
pub(super) fn nothing(picture: &mut Picture) {
    let y = Short(TOP + HEIGHT / 2.0);
    picture.draw(format_args!(
        r#"<text class="nothing" x="50%" y="{y}">Nothing in this time</text>"#
    ));
}

/// Ends picture and chart with the table: headings, and lines of as many cells, of which the first heads its line.
pub(super) fn close(picture: &mut Picture, title: &str, headings: &[&str], lines: impl Iterator<Item = Vec<String>>) {
    picture.raw("</svg><details class=\"chart-table\"><summary>As a table</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    picture
        .text(title)
        .raw(", as a table\"><table><caption class=\"hidden\">")
        .text(title)
        .raw("</caption><thead><tr>");
    for heading in headings {
        picture.raw("<th scope=\"col\">").text(heading).raw("</th>");
    }
    picture.raw("</tr></thead><tbody>");
    for line in lines {
        picture.raw("<tr>");
        for (at, cell) in line.iter().enumerate() {
            let (open, close) = if at == 0 {
                ("<th scope=\"row\">", "</th>")
            } else {
                ("<td>", "</td>")
            };
            picture.raw(open).text(cell).raw(close);
        }
        picture.raw("</tr>");
    }
    picture.raw("</tbody></table></div></details></figure>");
}
