use egui::Theme;
use zbus::blocking::Connection;
use zbus::zvariant::{OwnedValue, Value};

/// Asks on a thread of its own, since a portal may take long to start or never answer, and the window does not wait for
/// its looks. Without a clear answer `tell` is not called.
pub(crate) fn ask_desktop(tell: impl FnOnce(Theme) + Send + 'static) {
    let asking = move || match Connection::session().and_then(|bus| color_scheme(&bus)) {
        Ok(Some(theme)) => tell(theme),
        Ok(None) => {}
        Err(error) => log::debug!("the desktop does not say whether it is light or dark: {error}"),
    };
    if let Err(error) = std::thread::Builder::new().name("appearance".to_owned()).spawn(asking) {
        log::debug!("no thread to ask the desktop on: {error}");
    }
}

/// The desktop's preference, if it has one.
///
/// `Read` is what every version of the portal has; it wraps the value twice.
fn color_scheme(bus: &Connection) -> zbus::Result<Option<Theme>> {
    let reply = bus.call_method(
        Some("org.freedesktop.portal.Desktop"),
        "/org/freedesktop/portal/desktop",
        Some("org.freedesktop.portal.Settings"),
        "Read",
        &("org.freedesktop.appearance", "color-scheme"),
    )?;
    let value: OwnedValue = reply.body().deserialize()?;
    Ok(theme(&value))
}

/// 1 is dark, 2 is light, anything else no preference.
fn theme(value: &Value<'_>) -> Option<Theme> {
    match value {
        Value::Value(inner) => theme(inner),
        Value::U32(1) => Some(Theme::Dark),
        Value::U32(2) => Some(Theme::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portals_numbers() {
        let wrapped = |number: u32| Value::Value(Box::new(Value::U32(number)));
        assert_eq!(theme(&wrapped(1)), Some(Theme::Dark));
        assert_eq!(theme(&wrapped(2)), Some(Theme::Light));
        assert_eq!(theme(&Value::U32(1)), Some(Theme::Dark));
        assert_eq!(theme(&wrapped(0)), None);
        assert_eq!(theme(&wrapped(7)), None);
        assert_eq!(theme(&Value::from("dark")), None);
    }
}
