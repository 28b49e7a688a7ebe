//! The drawing: strokes on paper, and the steps that made it.

pub(crate) mod effects;

use egui::{Pos2, Vec2};

/// A distance between two points of a stroke below which the later one says nothing new, in points.
const MIN_STEP: f32 = 1.5;
/// Longest stroke, in points of it: a bound on what a stuck mouse button costs.
const MAX_STROKE_POINTS: usize = 20_000;

/// A colour by its place in the palette, so that a drawing follows the theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink(pub(crate) usize);

/// The colours there are.
pub(crate) const INKS: [&str; 8] = ["ink", "red", "orange", "yellow", "green", "teal", "blue", "violet"];

/// The widths a brush can have, in points.
pub(crate) const WIDTHS: [f32; 5] = [2.0, 4.0, 8.0, 16.0, 28.0];

/// A line drawn in one go.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) ink: Ink,
    /// In points.
    pub(crate) width: f32,
    /// From the paper's left top, in points.
    pub(crate) points: Vec<Pos2>,
}

impl Stroke {
    /// Puts down the brush.
    pub(crate) fn new(ink: Ink, width: f32, start: Pos2) -> Stroke {
        let points = vec![start];
        Stroke { ink, width, points }
    }

    /// Moves the brush.
    pub(crate) fn extend(&mut self, to: Pos2) {
        let moved = self.points.last().is_none_or(|last| last.distance(to) >= MIN_STEP);
        if moved && self.points.len() < MAX_STROKE_POINTS {
            self.points.push(to);
        }
    }

    /// The points with a smooth line through them (Catmull-Rom), a few points apart.
    pub(crate) fn smooth(&self) -> Vec<Pos2> {
        let points = &self.points;
        let at = |i: usize| points[i.min(points.len() - 1)].to_vec2();
        let mut line = Vec::with_capacity(points.len() * 2);
        for i in 0..points.len().saturating_sub(1) {
            let (before, from, to, after) = (at(i.saturating_sub(1)), at(i), at(i + 1), at(i + 2));
            let pieces = ((to - from).length() / 4.0).ceil().clamp(1.0, 16.0) as usize;
            line.extend((0..pieces).map(|piece| {
                let t = piece as f32 / pieces as f32;
                catmull_rom(before, from, to, after, t).to_pos2()
            }));
        }
        line.extend(points.last());
        line
    }
}

fn catmull_rom(before: Vec2, from: Vec2, to: Vec2, after: Vec2, t: f32) -> Vec2 {
    let linear = (to - before) * t;
    let square = (before * 2.0 - from * 5.0 + to * 4.0 - after) * (t * t);
    let cube = (from * 3.0 - before - to * 3.0 + after) * (t * t * t);
    from + (linear + square + cube) * 0.5
}

#[derive(Debug)]
enum Step {
    Draw(Stroke),
    Clear,
}

/// A drawing, as the steps that made it: undo takes one back, and a cleared drawing is there again.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    steps: Vec<Step>,
}

impl Drawing {
    /// The strokes to be seen, from the lowest.
    pub(crate) fn strokes(&self) -> impl Iterator<Item = &Stroke> {
        let cleared = self.steps.iter().rposition(|step| matches!(step, Step::Clear));
        self.steps[cleared.map_or(0, |at| at + 1)..]
            .iter()
            .filter_map(|step| match step {
                Step::Draw(stroke) => Some(stroke),
                Step::Clear => None,
            })
    }

    /// Whether there is nothing to be seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.strokes().next().is_none()
    }

    /// Whether there is a step to take back.
    pub(crate) fn can_undo(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Adds a stroke on top.
    pub(crate) fn draw(&mut self, stroke: Stroke) {
        self.steps.push(Step::Draw(stroke));
    }

    /// Takes the last step back.
    pub(crate) fn undo(&mut self) {
        self.steps.pop();
    }

    /// Empties the paper; can be undone.
    pub(crate) fn clear(&mut self) {
        if !self.is_empty() {
            self.steps.push(Step::Clear);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    fn stroke(x: f32) -> Stroke {
        Stroke::new(Ink(0), 2.0, pos2(x, 0.0))
    }

    #[test]
    fn undo_takes_back_strokes_and_brings_back_what_was_cleared() {
        let mut drawing = Drawing::default();
        drawing.clear();
        assert!(!drawing.can_undo(), "clearing nothing is no step");
        drawing.draw(stroke(1.0));
        drawing.draw(stroke(2.0));
        drawing.clear();
        assert!(drawing.is_empty() && drawing.can_undo());
        drawing.draw(stroke(3.0));
        assert_eq!(drawing.strokes().count(), 1);
        drawing.undo();
        drawing.undo();
        assert_eq!(drawing.strokes().count(), 2);
        drawing.undo();
        assert_eq!(drawing.strokes().cloned().collect::<Vec<_>>(), [stroke(1.0)]);
    }

    #[test]
    fn a_stroke_goes_through_its_points_and_is_bounded() {
        let mut stroke = stroke(0.0);
        stroke.extend(pos2(0.5, 0.0));
        assert_eq!(stroke.points.len(), 1, "too near to say anything new");
        assert_eq!(stroke.smooth(), [pos2(0.0, 0.0)]);
        stroke.extend(pos2(40.0, 0.0));
        stroke.extend(pos2(40.0, 40.0));
        let line = stroke.smooth();
        for point in &stroke.points {
            assert!(
                line.iter().any(|at| at.distance(*point) < 1e-3),
                "{point} is not on {line:?}"
            );
        }
        assert!(line.windows(2).all(|pair| pair[0].distance(pair[1]) < 8.0));
        for i in 0..2 * MAX_STROKE_POINTS {
            stroke.extend(pos2(i as f32 * 4.0, 7.0));
        }
        assert_eq!(stroke.points.len(), MAX_STROKE_POINTS);
    }
}
