//! Textures: the atlas of glyphs, and any picture the view shows.

use std::collections::HashMap;
use std::sync::Arc;

use egui::epaint::textures::TextureFilter;
use egui::epaint::{ImageData, ImageDelta};
use egui::{Color32, ColorImage, Pos2, TextureId, TexturesDelta};

/// Steps between two texels, as a graphics card has them.
const FRACTION_BITS: u32 = 8;
const ONE: i32 = 1 << FRACTION_BITS;

/// A picture, shared with egui as long as neither changes it.
pub(crate) struct Texture {
    image: Arc<ColorImage>,
    linear: bool,
}

impl Texture {
    fn new(delta: &ImageDelta) -> Texture {
        let ImageData::Color(image) = &delta.image;
        Texture {
            image: image.clone(),
            linear: delta.options.magnification == TextureFilter::Linear,
        }
    }

    /// Writes a part of it anew; what would lie outside is left out.
    fn patch(&mut self, [left, top]: [usize; 2], part: &ColorImage) {
        let image = Arc::make_mut(&mut self.image);
        let [width, height] = image.size;
        let columns = part.width().min(width.saturating_sub(left));
        let rows = part.height().min(height.saturating_sub(top));
        for row in 0..rows {
            let from = row * part.width();
            let to = (top + row) * width + left;
            image.pixels[to..to + columns].copy_from_slice(&part.pixels[from..from + columns]);
        }
    }

    /// The colour at texture coordinates, premultiplied; beyond the edges it is that of the edge.
    pub(crate) fn at(&self, uv: Pos2) -> [f32; 4] {
        let [width, height] = self.image.size;
        let x = (uv.x * width as f32 - 0.5) * ONE as f32;
        let y = (uv.y * height as f32 - 0.5) * ONE as f32;
        // Rounded to the steps first: a glyph drawn at its own size hits its texels exactly.
        let (x, y) = (x.round() as i32, y.round() as i32);
        if !self.linear {
            let nearest = |at: i32| (at + ONE / 2) >> FRACTION_BITS;
            return self.texel(nearest(x), nearest(y)).to_array().map(f32::from);
        }
        let (left, top) = (x >> FRACTION_BITS, y >> FRACTION_BITS);
        let (across, down) = (x & (ONE - 1), y & (ONE - 1));
        let corner = self.texel(left, top).to_array().map(f32::from);
        if across == 0 && down == 0 {
            return corner;
        }
        let (across, down) = (across as f32 / ONE as f32, down as f32 / ONE as f32);
        let between =
            |a: [f32; 4], b: [f32; 4], t: f32| -> [f32; 4] { std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t) };
        let texel = |x, y| self.texel(x, y).to_array().map(f32::from);
        let upper = between(corner, texel(left + 1, top), across);
        let lower = between(texel(left, top + 1), texel(left + 1, top + 1), across);
        between(upper, lower, down)
    }

    fn texel(&self, x: i32, y: i32) -> Color32 {
        let [width, height] = self.image.size;
        let clamped = |at: i32, size: usize| (at.max(0) as usize).min(size.saturating_sub(1));
        let index = clamped(y, height) * width + clamped(x, width);
        self.image.pixels.get(index).copied().unwrap_or(Color32::TRANSPARENT)
    }
}

/// All textures of a context.
#[derive(Default)]
pub(crate) struct Textures(HashMap<TextureId, Texture>);

impl Textures {
    pub(crate) fn get(&self, id: TextureId) -> Option<&Texture> {
        self.0.get(&id)
    }

    /// Takes in what is new, before a frame is painted. Whether there was anything.
    pub(crate) fn set(&mut self, delta: &mut TexturesDelta) -> bool {
        let changed = !delta.set.is_empty();
        for (id, images) in delta.set.drain() {
            for image in images {
                match (image.pos, self.0.get_mut(&id)) {
                    (Some(pos), Some(texture)) => {
                        let ImageData::Color(part) = &image.image;
                        texture.patch(pos, part);
                    }
                    (Some(_), None) => log::warn!("a part of a texture that is not there"),
                    (None, _) => drop(self.0.insert(id, Texture::new(&image))),
                }
            }
        }
        changed
    }

    /// Lets go of what is no longer needed, after a frame was painted.
    pub(crate) fn free(&mut self, delta: &mut TexturesDelta) {
        for id in delta.free.drain() {
            self.0.remove(&id);
        }
    }
}
