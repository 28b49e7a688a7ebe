//! What the desktop wishes of the looks of windows, where the window library cannot tell: on Linux winit never learns of it,
//! so the desktop's portal is asked.

#[cfg(target_os = "linux")]
mod linux;

use egui::Theme;

use crate::theme;

/// What a desktop wishes; nothing where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wishes {
    theme: Option<Theme>,
    more_contrast: bool,
    less_motion: bool,
}

/// Has a context follow the desktop, as soon as that has said what it wishes.
pub(crate) fn follow(ctx: &egui::Context) {
    let told = ctx.clone();
    ask_desktop(move |wishes| wishes.apply(&told));
}

#[cfg(target_os = "linux")]
use linux::ask_desktop;

/// Elsewhere the window library knows of light and dark, and of the rest nothing.
#[cfg(not(target_os = "linux"))]
fn ask_desktop(_: impl FnOnce(Wishes) + Send + 'static) {}

impl Wishes {
    fn apply(self, ctx: &egui::Context) {
        if let Some(theme) = self.theme {
            ctx.options_mut(|options| options.fallback_theme = theme);
        }
        if self.more_contrast {
            theme::install_more_contrast(ctx);
        }
        if self.less_motion {
            theme::install_less_motion(ctx);
        }
        ctx.request_repaint();
    }
}
