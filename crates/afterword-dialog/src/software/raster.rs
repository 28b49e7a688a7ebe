//! Triangles to pixels, as egui's painter for OpenGL has them: scissored, textured, and blended in premultiplied sRGB.
//!
//! Which pixels a triangle covers is decided in whole numbers, on a grid of 1/256 of a pixel, with the rule of graphics
//! cards: a pixel whose middle lies on an edge belongs to the triangle to the right of it or below. So triangles that share
//! an edge neither leave a gap nor draw a pixel twice. Soft edges are in the triangles already.

use egui::epaint::{Mesh, Vertex};
use egui::{Pos2, Rect};

use super::texture::Texture;

/// The grid on which corners lie, in parts of a pixel.
const SUBPIXEL_BITS: u32 = 8;
const SUBPIXEL: f32 = (1 << SUBPIXEL_BITS) as f32;
/// Farther out corners are brought back to this, in pixels: whole numbers stay exact.
const FAR: f32 = 100_000.0;

/// A part of a picture, in pixels; the right and bottom are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

impl Area {
    /// A rectangle in points, rounded as egui rounds scissors, within a picture.
    pub(crate) fn rounded(rect: Rect, pixels_per_point: f32, within: Area) -> Area {
        let px = |points: f32| (points * pixels_per_point).round().clamp(-FAR, FAR) as i32;
        Area {
            left: px(rect.min.x),
            top: px(rect.min.y),
            right: px(rect.max.x),
            bottom: px(rect.max.y),
        }
        .and(within)
    }

    /// What two have in common; may be empty.
    pub(crate) fn and(self, other: Area) -> Area {
        Area {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }
}

/// Three corners on the grid.
#[derive(Clone, Copy)]
pub(crate) struct Triangle<'a> {
    corners: [&'a Vertex; 3],
    x: [i64; 3],
    y: [i64; 3],
}

impl<'a> Triangle<'a> {
    /// Those of a mesh; those with corners it does not have are left out.
    pub(crate) fn all(mesh: &'a Mesh, pixels_per_point: f32) -> impl Iterator<Item = Triangle<'a>> {
        let on_grid = move |points: f32| {
            let px = (points * pixels_per_point).clamp(-FAR, FAR);
            // Nothing can be drawn of what is not a number; it is 0 then.
            (px * SUBPIXEL).round() as i64
        };
        mesh.indices.chunks_exact(3).filter_map(move |indices| {
            let corner = |i: usize| mesh.vertices.get(indices[i] as usize);
            let corners = [corner(0)?, corner(1)?, corner(2)?];
            Some(Triangle {
                corners,
                x: corners.map(|corner| on_grid(corner.pos.x)),
                y: corners.map(|corner| on_grid(corner.pos.y)),
            })
        })
    }

    pub(crate) fn corners(&self) -> [&'a Vertex; 3] {
        self.corners
    }

    /// The pixels it can touch.
    pub(crate) fn bounds(&self) -> Area {
        let least = |of: [i64; 3]| of[0].min(of[1]).min(of[2]) >> SUBPIXEL_BITS;
        let most = |of: [i64; 3]| (of[0].max(of[1]).max(of[2]) >> SUBPIXEL_BITS) + 1;
        Area {
            left: least(self.x) as i32,
            top: least(self.y) as i32,
            right: most(self.x) as i32,
            bottom: most(self.y) as i32,
        }
    }

    /// Draws what of it lies in an area of the picture, whose rows are `width` pixels long.
    pub(crate) fn draw(&self, texture: &Texture, area: Area, pixels: &mut [u32], width: usize) {
        let area = area.and(self.bounds());
        if area.is_empty() {
            return;
        }
        let Some(edges) = self.edges() else { return };
        let source = Source::of(self, texture);
        for row in area.top..area.bottom {
            let (mut from, mut to) = (area.left, area.right);
            for edge in &edges {
                edge.narrow(row, &mut from, &mut to);
            }
            if from < to {
                let start = row as usize * width;
                let Some(span) = pixels.get_mut(start + from as usize..start + to as usize) else {
                    return;
                };
                source.draw(span, from, row);
            }
        }
    }

    /// The three edges, with what lies inside to their positive side; `None` for a triangle without an inside.
    fn edges(&self) -> Option<[Edge; 3]> {
        let area =
            (self.x[1] - self.x[0]) * (self.y[2] - self.y[0]) - (self.x[2] - self.x[0]) * (self.y[1] - self.y[0]);
        let order = match area.signum() {
            1 => [0, 1, 2],
            -1 => [0, 2, 1],
            _ => return None,
        };
        let edge = |from: usize, to: usize| {
            let (from, to) = (order[from], order[to]);
            Edge::new((self.x[from], self.y[from]), (self.x[to], self.y[to]))
        };
        Some([edge(0, 1), edge(1, 2), edge(2, 0)])
    }
}

/// `across * column + down * row + at_origin >= 0` for the pixels inside, by their middles.
struct Edge {
    across: i64,
    down: i64,
    at_origin: i64,
}

impl Edge {
    fn new(from: (i64, i64), to: (i64, i64)) -> Edge {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        // Clockwise on a screen, where y goes down: upper edges go right, left ones up.
        let is_top_or_left = dy < 0 || (dy == 0 && dx > 0);
        let half = 1 << (SUBPIXEL_BITS - 1);
        let at_origin = dx * (half - from.1) - dy * (half - from.0);
        Edge {
            across: -dy << SUBPIXEL_BITS,
            down: dx << SUBPIXEL_BITS,
            at_origin: at_origin - i64::from(!is_top_or_left),
        }
    }

    /// Leaves those columns of a row that lie inside.
    fn narrow(&self, row: i32, from: &mut i32, to: &mut i32) {
        let rest = self.down * i64::from(row) + self.at_origin;
        match self.across.signum() {
            1 => {
                let first = -rest.div_euclid(self.across);
                *from = (*from).max(first.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32);
            }
            -1 => {
                let last = rest.div_euclid(-self.across);
                *to = (*to).min((last + 1).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32);
            }
            _ if rest < 0 => *to = *from,
            _ => {}
        }
    }
}

/// Something that changes evenly over the picture, by the middles of pixels.
#[derive(Clone, Copy)]
struct Plane {
    at_origin: f32,
    across: f32,
    down: f32,
}

impl Plane {
    fn at(&self, column: i32, row: i32) -> f32 {
        self.at_origin + self.across * column as f32 + self.down * row as f32
    }
}

/// What the pixels of a triangle are painted with.
enum Source<'a> {
    /// The same everywhere: a ground, a line.
    Even([f32; 4]),
    /// Without a picture: soft edges.
    Soft { color: [Plane; 4], texel: [f32; 4] },
    /// Glyphs and pictures.
    Textured {
        color: [Plane; 4],
        uv: [Plane; 2],
        texture: &'a Texture,
    },
}

impl<'a> Source<'a> {
    fn of(triangle: &Triangle<'_>, texture: &'a Texture) -> Source<'a> {
        let [a, b, c] = triangle.corners;
        let one_texel = a.uv == b.uv && a.uv == c.uv;
        if one_texel && a.color == b.color && a.color == c.color {
            return Source::Even(times(a.color.to_array().map(f32::from), texture.at(a.uv)));
        }
        let channel = |i: usize| triangle.plane([a, b, c].map(|corner| f32::from(corner.color.to_array()[i])));
        let color = std::array::from_fn(channel);
        if one_texel {
            let texel = texture.at(a.uv);
            return Source::Soft { color, texel };
        }
        let uv = [
            triangle.plane([a.uv.x, b.uv.x, c.uv.x]),
            triangle.plane([a.uv.y, b.uv.y, c.uv.y]),
        ];
        Source::Textured { color, uv, texture }
    }

    fn draw(&self, span: &mut [u32], column: i32, row: i32) {
        match self {
            Source::Even(color) if color[3] >= 254.5 => span.fill(opaque(*color)),
            Source::Even(color) => span.iter_mut().for_each(|pixel| *pixel = over(*color, *pixel)),
            Source::Soft { color, texel } => {
                for (column, pixel) in (column..).zip(span) {
                    let color = color.map(|channel| channel.at(column, row));
                    *pixel = over(times(color, *texel), *pixel);
                }
            }
            Source::Textured { color, uv, texture } => {
                for (column, pixel) in (column..).zip(span) {
                    let texel = texture.at(Pos2::new(uv[0].at(column, row), uv[1].at(column, row)));
                    if texel != [0.0; 4] {
                        let color = color.map(|channel| channel.at(column, row));
                        *pixel = over(times(color, texel), *pixel);
                    }
                }
            }
        }
    }
}

impl Triangle<'_> {
    /// The plane through three values at the corners.
    fn plane(&self, values: [f32; 3]) -> Plane {
        let px = |grid: i64| grid as f64 / f64::from(SUBPIXEL);
        let [x0, x1, x2] = self.x.map(px);
        let [y0, y1, y2] = self.y.map(px);
        let [v0, v1, v2] = values.map(f64::from);
        let area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
        let across = ((v1 - v0) * (y2 - y0) - (v2 - v0) * (y1 - y0)) / area;
        let down = ((v2 - v0) * (x1 - x0) - (v1 - v0) * (x2 - x0)) / area;
        Plane {
            at_origin: (v0 + across * (0.5 - x0) + down * (0.5 - y0)) as f32,
            across: across as f32,
            down: down as f32,
        }
    }
}

/// Colour times texel, each 0 to 255.
fn times(color: [f32; 4], texel: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|i| color[i] * texel[i] * (1.0 / 255.0))
}

fn opaque([r, g, b, _]: [f32; 4]) -> u32 {
    packed(r, g, b)
}

/// A premultiplied colour over a pixel.
fn over([r, g, b, a]: [f32; 4], pixel: u32) -> u32 {
    let rest = 1.0 - a.clamp(0.0, 255.0) * (1.0 / 255.0);
    let below = |shift: u32| f32::from((pixel >> shift) as u8) * rest;
    packed(r + below(16), g + below(8), b + below(0))
}

/// `0x00RRGGBB`, which is what softbuffer takes.
fn packed(r: f32, g: f32, b: f32) -> u32 {
    // A number outside of a byte's is the nearest of them.
    let byte = |channel: f32| u32::from((channel + 0.5) as u8);
    byte(r) << 16 | byte(g) << 8 | byte(b)
}
