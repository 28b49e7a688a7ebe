//! Light or dark, where the window library cannot tell: on Linux winit never learns of the desktop's choice, so its portal
//! is asked (`org.freedesktop.appearance`, `color-scheme`, of the XDG desktop portal's settings).

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::ask_desktop;

/// Elsewhere the window library knows.
#[cfg(not(target_os = "linux"))]
pub(crate) fn ask_desktop(_: impl FnOnce(egui::Theme) + Send + 'static) {}
