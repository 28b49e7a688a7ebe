//! The picture of the window, of which only what has changed is drawn anew.
//!
//! It is divided into squares. All triangles that touch a square make up its mark; where the mark is that of the frame
//! before, the pixels are too.

use std::hash::{DefaultHasher, Hash, Hasher};

use egui::epaint::{ClippedPrimitive, Primitive};
use egui::{Color32, TexturesDelta};

use super::raster::{Area, Triangle};
use super::texture::Textures;

/// Side of a square, in pixels.
const SQUARE: i32 = 64;
/// Longest side of a picture, in pixels; more is not drawn.
const MAX_SIDE: u32 = 16_384;

/// A frame, as egui gives it.
pub(crate) struct Frame<'a> {
    pub(crate) primitives: &'a [ClippedPrimitive],
    pub(crate) textures: &'a mut TexturesDelta,
    pub(crate) ground: Color32,
    pub(crate) pixels_per_point: f32,
    /// In pixels.
    pub(crate) size: [u32; 2],
}

/// The picture: rows of `0x00RRGGBB`.
#[derive(Default)]
pub(crate) struct Canvas {
    size: [u32; 2],
    pixels: Vec<u32>,
    marks: Vec<u64>,
    textures: Textures,
}

impl Canvas {
    /// Width and height, in pixels.
    pub(crate) fn size(&self) -> [u32; 2] {
        self.size
    }

    /// Its rows, without gaps.
    pub(crate) fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// Draws a frame. Returns the areas that were drawn; none where all is as it was.
    pub(crate) fn draw(&mut self, frame: Frame<'_>) -> Vec<Area> {
        let new_glyphs = self.textures.set(frame.textures);
        let size = frame.size.map(|side| side.min(MAX_SIDE));
        if size != self.size {
            self.size = size;
            self.pixels = vec![0; size[0] as usize * size[1] as usize];
            self.marks.clear();
        }
        let marks = self.marks(&frame);
        if new_glyphs {
            self.marks.clear();
        }
        let areas = self.changed(&marks);
        self.marks = marks;
        for area in &areas {
            self.draw_area(&frame, *area);
        }
        self.textures.free(frame.textures);
        areas
    }

    fn all(&self) -> Area {
        Area {
            left: 0,
            top: 0,
            right: self.size[0] as i32,
            bottom: self.size[1] as i32,
        }
    }

    /// Squares across and down.
    fn squares(&self) -> [usize; 2] {
        self.size.map(|side| side.div_ceil(SQUARE as u32) as usize)
    }

    fn marks(&self, frame: &Frame<'_>) -> Vec<u64> {
        let [across, down] = self.squares();
        let mut marks = vec![mark_of(&(frame.ground, frame.pixels_per_point.to_bits())); across * down];
        for (scissor, triangle, texture) in triangles(frame, self.all()) {
            let touched = triangle.bounds().and(scissor);
            if touched.is_empty() {
                continue;
            }
            let corners = triangle.corners().map(|corner| {
                let at = [corner.pos.x, corner.pos.y, corner.uv.x, corner.uv.y].map(f32::to_bits);
                (at, corner.color)
            });
            let mark = mark_of(&(
                corners,
                texture,
                scissor.left,
                scissor.top,
                scissor.right,
                scissor.bottom,
            ));
            for row in touched.top / SQUARE..=(touched.bottom - 1) / SQUARE {
                for column in touched.left / SQUARE..=(touched.right - 1) / SQUARE {
                    let square = &mut marks[row as usize * across + column as usize];
                    // The order counts: what comes later lies above.
                    *square = (square.rotate_left(5) ^ mark).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                }
            }
        }
        marks
    }

    /// The squares whose mark is another, as few rectangles: of each row from the first to the last, rows alike together.
    fn changed(&self, marks: &[u64]) -> Vec<Area> {
        let [across, _] = self.squares();
        let mut areas: Vec<Area> = Vec::new();
        for (row, marks) in marks.chunks(across.max(1)).enumerate() {
            let before = |column: usize| self.marks.get(row * across + column);
            let is_new = |column: &usize| before(*column) != marks.get(*column);
            let columns = 0..marks.len();
            let (Some(first), Some(last)) = (columns.clone().find(is_new), columns.rev().find(is_new)) else {
                continue;
            };
            let area = Area {
                left: first as i32 * SQUARE,
                top: row as i32 * SQUARE,
                right: (last as i32 + 1) * SQUARE,
                bottom: (row as i32 + 1) * SQUARE,
            }
            .and(self.all());
            match areas.last_mut() {
                Some(above) if (above.left, above.right, above.bottom) == (area.left, area.right, area.top) => {
                    above.bottom = area.bottom;
                }
                _ => areas.push(area),
            }
        }
        areas
    }

    fn draw_area(&mut self, frame: &Frame<'_>, area: Area) {
        let width = self.size[0] as usize;
        let [r, g, b, _] = frame.ground.to_array();
        let ground = u32::from_be_bytes([0, r, g, b]);
        for row in area.top..area.bottom {
            let start = row as usize * width;
            self.pixels[start + area.left as usize..start + area.right as usize].fill(ground);
        }
        for (scissor, triangle, texture) in triangles(frame, area) {
            if let Some(texture) = self.textures.get(texture) {
                triangle.draw(texture, scissor, &mut self.pixels, width);
            }
        }
    }
}

/// All triangles of a frame that may be seen in an area, from the lowest to the uppermost, with their scissors.
fn triangles<'a>(frame: &'a Frame<'_>, within: Area) -> impl Iterator<Item = (Area, Triangle<'a>, egui::TextureId)> {
    let pixels_per_point = frame.pixels_per_point;
    frame.primitives.iter().flat_map(move |clipped| {
        let scissor = Area::rounded(clipped.clip_rect, pixels_per_point, within);
        // What is drawn with OpenGL by hand is nothing here; the view does no such thing.
        let mesh = match &clipped.primitive {
            Primitive::Mesh(mesh) if !scissor.is_empty() => Some(mesh),
            _ => None,
        };
        mesh.into_iter()
            .flat_map(move |mesh| {
                Triangle::all(mesh, pixels_per_point).map(move |triangle| (triangle, mesh.texture_id))
            })
            .map(move |(triangle, texture)| (scissor, triangle, texture))
    })
}

fn mark_of(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
