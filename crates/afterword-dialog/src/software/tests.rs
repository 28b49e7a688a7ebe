use std::sync::Arc;

use egui::epaint::{ClippedPrimitive, ImageDelta, Mesh, Primitive, Vertex};
use egui::{
    Color32, ColorImage, Event, Key, Modifiers, Pos2, RawInput, Rect, TextureId, TextureOptions, TexturesDelta, pos2,
    vec2,
};

use super::canvas::{Canvas, Frame};
use super::raster::Area;
use crate::language::Language;
use crate::state::State;
use crate::{sample, theme, view};

const TEXTURE: TextureId = TextureId::Managed(0);
const EVERYTHING: Rect = Rect::EVERYTHING;

/// A canvas of one size, whose only texture is this picture.
struct Painting {
    canvas: Canvas,
    textures: TexturesDelta,
    side: u32,
}

impl Painting {
    fn new(side: u32, texture: ColorImage) -> Painting {
        let mut textures = TexturesDelta::default();
        textures.push(TEXTURE, ImageDelta::full(texture, TextureOptions::LINEAR));
        Painting {
            canvas: Canvas::default(),
            textures,
            side,
        }
    }

    fn white(side: u32) -> Painting {
        Painting::new(side, ColorImage::filled([1, 1], Color32::WHITE))
    }

    fn draw(&mut self, scissor: Rect, mesh: Mesh) -> Vec<Area> {
        let primitives = [ClippedPrimitive {
            clip_rect: scissor,
            primitive: Primitive::Mesh(mesh),
        }];
        self.canvas.draw(Frame {
            primitives: &primitives,
            textures: &mut self.textures,
            ground: Color32::BLACK,
            pixels_per_point: 1.0,
            size: [self.side, self.side],
        })
    }

    fn pixel(&self, x: usize, y: usize) -> u32 {
        self.canvas.pixels()[y * self.side as usize + x]
    }
}

fn corner(x: f32, y: f32, uv: Pos2, color: Color32) -> Vertex {
    Vertex {
        pos: pos2(x, y),
        uv,
        color,
    }
}

fn mesh(corners: &[(f32, f32)], indices: &[u32], color: Color32) -> Mesh {
    Mesh {
        indices: indices.to_vec(),
        vertices: corners.iter().map(|(x, y)| corner(*x, *y, Pos2::ZERO, color)).collect(),
        texture_id: TEXTURE,
    }
}

/// A glass over black shows by its brightness how often it was laid.
#[test]
fn triangles_that_share_an_edge_draw_each_pixel_between_them_once() {
    let glass = Color32::from_rgba_premultiplied(100, 100, 100, 100);
    // A fan around a point, with corners on and between the middles of pixels.
    for middle in [(8.0, 8.0), (8.5, 8.5), (7.3, 9.9), (8.5, 3.25)] {
        let corners = [middle, (2.0, 2.0), (14.0, 2.0), (14.0, 14.0), (2.0, 14.0)];
        // One of them the other way round.
        let indices = [0, 1, 2, 0, 3, 2, 0, 3, 4, 0, 4, 1];
        let mut painting = Painting::white(16);
        painting.draw(EVERYTHING, mesh(&corners, &indices, glass));
        for (x, y) in (0..16).flat_map(|x| (0..16).map(move |y| (x, y))) {
            let inside = (2..14).contains(&x) && (2..14).contains(&y);
            let wanted = if inside { 0x0064_6464 } else { 0 };
            assert_eq!(painting.pixel(x, y), wanted, "{x} {y} around {middle:?}");
        }
    }
}

#[test]
fn a_pixel_belongs_to_the_triangle_that_holds_its_middle() {
    let mut painting = Painting::white(8);
    let square = [(1.5, 1.5), (3.5, 1.5), (3.5, 3.5), (1.5, 3.5)];
    painting.draw(EVERYTHING, mesh(&square, &[0, 1, 2, 0, 2, 3], Color32::WHITE));
    let drawn: Vec<(usize, usize)> = (0..8)
        .flat_map(|y| (0..8).map(move |x| (x, y)))
        .filter(|(x, y)| painting.pixel(*x, *y) != 0)
        .collect();
    assert_eq!(
        drawn,
        [(1, 1), (2, 1), (1, 2), (2, 2)],
        "upper and left edges are inside"
    );
}

#[test]
fn nothing_is_drawn_outside_of_the_scissor_or_the_picture() {
    let mut painting = Painting::white(8);
    let huge = [(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)];
    let scissor = Rect::from_min_max(pos2(2.4, 2.6), pos2(5.5, 40.0));
    painting.draw(scissor, mesh(&huge, &[0, 1, 2, 0, 2, 3], Color32::WHITE));
    for (x, y) in (0..8).flat_map(|x| (0..8).map(move |y| (x, y))) {
        let inside = (2..6).contains(&x) && (3..8).contains(&y);
        assert_eq!(painting.pixel(x, y) != 0, inside, "{x} {y}");
    }
    // Neither corners that are not numbers nor ones that are not there do harm.
    let odd = [(f32::NAN, 1.0), (f32::INFINITY, 2.0), (3.0, f32::NEG_INFINITY)];
    painting.draw(EVERYTHING, mesh(&odd, &[0, 1, 2, 0, 1, 9], Color32::WHITE));
}

#[test]
fn colours_are_blended_as_premultiplied_and_run_evenly() {
    let mut painting = Painting::white(4);
    let ground = mesh(
        &[(0.0, 0.0), (9.0, 0.0), (0.0, 9.0)],
        &[0, 1, 2],
        Color32::from_rgb(200, 100, 0),
    );
    let mut both = ground;
    both.append(mesh(
        &[(0.0, 0.0), (9.0, 0.0), (0.0, 9.0)],
        &[0, 1, 2],
        Color32::from_rgba_premultiplied(0, 64, 128, 128),
    ));
    painting.draw(EVERYTHING, both);
    // 200 × 127 / 255; 64 + 100 × 127 / 255; 128.
    assert_eq!(painting.pixel(1, 1), 100 << 16 | 114 << 8 | 128);

    let ramp = |x: f32, y: f32| corner(x, y, Pos2::ZERO, Color32::from_gray((x * 10.0) as u8));
    let mesh = Mesh {
        indices: vec![0, 1, 2, 0, 2, 3],
        vertices: vec![ramp(0.0, 0.0), ramp(20.0, 0.0), ramp(20.0, 20.0), ramp(0.0, 20.0)],
        texture_id: TEXTURE,
    };
    let mut painting = Painting::white(20);
    painting.draw(EVERYTHING, mesh);
    for (x, y) in [(0, 0), (3, 19), (10, 10), (19, 0)] {
        assert_eq!(painting.pixel(x, y) & 0xff, x as u32 * 10 + 5, "{x} {y}");
    }
}

#[test]
fn a_glyph_at_its_own_size_is_copied_and_a_larger_one_is_smoothed() {
    let gray = |i: usize| Color32::from_gray(i as u8 * 16);
    let texture = ColorImage::new([4, 4], (0..16).map(gray).collect());
    let quad = |side: f32, at: f32| Mesh {
        indices: vec![0, 1, 2, 2, 1, 3],
        vertices: vec![
            corner(at, at, pos2(0.0, 0.0), Color32::WHITE),
            corner(at + side, at, pos2(1.0, 0.0), Color32::WHITE),
            corner(at, at + side, pos2(0.0, 1.0), Color32::WHITE),
            corner(at + side, at + side, pos2(1.0, 1.0), Color32::WHITE),
        ],
        texture_id: TEXTURE,
    };
    let mut painting = Painting::new(16, texture.clone());
    painting.draw(EVERYTHING, quad(4.0, 3.0));
    for (x, y) in (0..4).flat_map(|x| (0..4).map(move |y| (x, y))) {
        assert_eq!(painting.pixel(x + 3, y + 3) & 0xff, (y * 4 + x) as u32 * 16);
    }
    let mut painting = Painting::new(16, texture.clone());
    painting.draw(EVERYTHING, quad(8.0, 0.0));
    // A quarter of a texel past the first, in both directions.
    assert_eq!(painting.pixel(1, 1) & 0xff, 4 + 16);

    // A part of the texture changes: so does what it was drawn from.
    painting.textures.push(
        TEXTURE,
        ImageDelta::partial(
            [2, 1],
            ColorImage::filled([1, 1], Color32::WHITE),
            TextureOptions::LINEAR,
        ),
    );
    assert!(!painting.draw(EVERYTHING, quad(4.0, 0.0)).is_empty());
    assert_eq!(painting.pixel(2, 1) & 0xff, 255);
    assert_eq!(painting.pixel(1, 1) & 0xff, 5 * 16);
}

/// The view on a canvas, and a hand.
struct Shown {
    ctx: egui::Context,
    state: State,
    canvas: Canvas,
    scale: f32,
}

impl Shown {
    fn new(scale: f32) -> Shown {
        let ctx = egui::Context::default();
        theme::install(&ctx);
        ctx.set_pixels_per_point(scale);
        Shown {
            ctx,
            state: State::new(sample::asked(), Language::English),
            canvas: Canvas::default(),
            scale,
        }
    }

    /// One frame; returns what was drawn, and compares it with the same frame drawn as a whole.
    fn frame(&mut self, events: Vec<Event>) -> Vec<Area> {
        let size = vec2(520.0, 480.0);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            events,
            focused: true,
            ..Default::default()
        };
        let state = &mut self.state;
        let output = self.ctx.run_ui(input, |ui| drop(view::view(ui, state)));
        let primitives = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let pixels = size * self.scale;
        let frame = |textures| Frame {
            primitives: &primitives,
            textures,
            ground: Color32::RED,
            pixels_per_point: self.scale,
            size: [pixels.x as u32, pixels.y as u32],
        };
        let mut textures = output.textures_delta;
        let drawn = self.canvas.draw(frame(&mut textures));
        let atlas = self.ctx.fonts(|fonts| fonts.image());
        let mut textures = TexturesDelta::default();
        textures.push(
            TextureId::default(),
            ImageDelta::full(Arc::new(atlas), TextureOptions::LINEAR),
        );
        let mut whole = Canvas::default();
        whole.draw(frame(&mut textures));
        assert!(self.canvas.pixels() == whole.pixels(), "a part was not drawn anew");
        drawn
    }
}

fn pixels(areas: &[Area]) -> i32 {
    let of = |area: &Area| (area.right - area.left) * (area.bottom - area.top);
    areas.iter().map(of).sum()
}

#[test]
fn only_what_has_changed_is_drawn_and_nothing_is_forgotten() {
    for scale in [1.0, 1.5] {
        let mut shown = Shown::new(scale);
        let all = (520.0 * scale) as i32 * (480.0 * scale) as i32;
        assert_eq!(pixels(&shown.frame(vec![])), all, "the first frame");
        // Until the layout has settled.
        while !shown.frame(vec![]).is_empty() {}
        let tab = || Event::Key {
            key: Key::Tab,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let focused = pixels(&shown.frame(vec![tab()])) + pixels(&shown.frame(vec![]));
        assert!(focused > 0 && focused < all / 2, "{focused} of {all} pixels");
        // Letters that have not been there yet.
        shown.frame(vec![Event::Text("ÄÖÜ".to_owned())]);
        assert_eq!(shown.state.comment, "ÄÖÜ");
        shown.frame(vec![tab()]);
        shown.frame(vec![]);
        // More than it can show at once, scrolled.
        shown.state.open_details(true);
        for _ in 0..4 {
            shown.frame(vec![]);
        }
        assert!(shown.frame(vec![]).is_empty(), "nothing has changed");
    }
}

#[test]
fn no_pixel_of_a_page_is_left_without_its_ground() {
    let mut shown = Shown::new(2.0);
    shown.frame(vec![]);
    shown.frame(vec![]);
    assert!(!shown.canvas.pixels().contains(&0x00ff_0000), "the red below is seen");
}
