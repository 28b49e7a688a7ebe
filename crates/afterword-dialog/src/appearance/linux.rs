use egui::Theme;
use zbus::blocking::Connection;
use zbus::zvariant::{OwnedValue, Value};

use super::Wishes;

/// Asks on a thread of its own, since a portal may take long to start or never answer, and the window does not wait for
/// its looks. Without an answer `tell` is not called.
pub(super) fn ask_desktop(tell: impl FnOnce(Wishes) + Send + 'static) {
    let asking = move || match Connection::session() {
        Ok(bus) => tell(wishes(&bus)),
        Err(error) => log::debug!("the desktop does not say what it wishes of the looks: {error}"),
    };
    if let Err(error) = std::thread::Builder::new().name("appearance".to_owned()).spawn(asking) {
        log::debug!("no thread to ask the desktop on: {error}");
    }
}

/// What the portal's settings say. The names of the first kind are those that all desktops share; GNOME has the others since
/// before there were those.
fn wishes(bus: &Connection) -> Wishes {
    let appearance = |key| setting(bus, "org.freedesktop.appearance", key);
    let is_on = |key| appearance(key).as_ref().and_then(number) == Some(1);
    Wishes {
        theme: appearance("color-scheme").as_ref().and_then(number).and_then(theme),
        more_contrast: is_on("contrast")
            || setting(bus, "org.gnome.desktop.a11y.interface", "high-contrast")
                .as_ref()
                .and_then(switch)
                == Some(true),
        less_motion: is_on("reduced-motion")
            || setting(bus, "org.gnome.desktop.interface", "enable-animations")
                .as_ref()
                .and_then(switch)
                == Some(false),
    }
}

/// One setting, if the desktop has it.
///
/// `Read` is what every version of the portal has; it wraps the value twice.
fn setting(bus: &Connection, namespace: &str, key: &str) -> Option<OwnedValue> {
    let reply = bus.call_method(
        Some("org.freedesktop.portal.Desktop"),
        "/org/freedesktop/portal/desktop",
        Some("org.freedesktop.portal.Settings"),
        "Read",
        &(namespace, key),
    );
    match reply.and_then(|reply| reply.body().deserialize::<OwnedValue>()) {
        Ok(value) => Some(value),
        Err(error) => {
            log::debug!("the desktop does not say {namespace} {key}: {error}");
            None
        }
    }
}

fn number(value: &OwnedValue) -> Option<u32> {
    match unwrapped(value) {
        Value::U32(number) => Some(*number),
        _ => None,
    }
}

fn switch(value: &OwnedValue) -> Option<bool> {
    match unwrapped(value) {
        Value::Bool(is_on) => Some(*is_on),
        _ => None,
    }
}

fn unwrapped<'a>(value: &'a Value<'a>) -> &'a Value<'a> {
    match value {
        Value::Value(inner) => unwrapped(inner),
        value => value,
    }
}

/// 1 is dark, 2 is light, anything else no preference.
fn theme(number: u32) -> Option<Theme> {
    match number {
        1 => Some(Theme::Dark),
        2 => Some(Theme::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::os::unix::net::UnixStream;

    use zbus::blocking::connection::Builder;

    use super::*;

    /// A portal with some settings.
    struct Portal(HashMap<(&'static str, &'static str), Value<'static>>);

    #[zbus::interface(name = "org.freedesktop.portal.Settings")]
    impl Portal {
        fn read(&self, namespace: &str, key: &str) -> zbus::fdo::Result<Value<'_>> {
            let value = self.0.get(&(namespace, key)).and_then(|value| value.try_clone().ok());
            let value = value.ok_or_else(|| zbus::fdo::Error::Failed("Requested setting not found".to_owned()))?;
            Ok(Value::Value(Box::new(value)))
        }
    }

    fn wished<const N: usize>(settings: [(&'static str, &'static str, Value<'static>); N]) -> Wishes {
        let portal = Portal(
            settings
                .into_iter()
                .map(|(space, key, value)| ((space, key), value))
                .collect(),
        );
        let (ours, theirs) = UnixStream::pair().unwrap();
        let serving = std::thread::spawn(move || {
            Builder::async_io_unix_stream(theirs)
                .server(zbus::Guid::generate())
                .unwrap()
                .p2p()
                .serve_at("/org/freedesktop/portal/desktop", portal)
                .unwrap()
                .build()
                .unwrap()
        });
        let bus = Builder::async_io_unix_stream(ours).p2p().build().unwrap();
        let _serving = serving.join().unwrap();
        wishes(&bus)
    }

    const APPEARANCE: &str = "org.freedesktop.appearance";

    #[test]
    fn what_all_desktops_share_is_followed() {
        let wishes = wished([
            (APPEARANCE, "color-scheme", Value::U32(1)),
            (APPEARANCE, "contrast", Value::U32(1)),
            (APPEARANCE, "reduced-motion", Value::U32(1)),
        ]);
        let expected = Wishes {
            theme: Some(Theme::Dark),
            more_contrast: true,
            less_motion: true,
        };
        assert_eq!(wishes, expected);
        let light = wished([(APPEARANCE, "color-scheme", Value::U32(2))]);
        assert_eq!(light.theme, Some(Theme::Light));
    }

    #[test]
    fn what_gnome_has_of_its_own_is_followed() {
        let wishes = wished([
            ("org.gnome.desktop.a11y.interface", "high-contrast", Value::Bool(true)),
            ("org.gnome.desktop.interface", "enable-animations", Value::Bool(false)),
        ]);
        assert!(wishes.more_contrast && wishes.less_motion, "{wishes:?}");
    }

    #[test]
    fn no_wish_and_nonsense_change_nothing() {
        assert_eq!(wished([]), Wishes::default());
        let wishes = wished([
            (APPEARANCE, "color-scheme", Value::U32(7)),
            (APPEARANCE, "contrast", Value::U32(0)),
            (APPEARANCE, "reduced-motion", Value::from("1")),
            ("org.gnome.desktop.interface", "enable-animations", Value::Bool(true)),
        ]);
        assert_eq!(wishes, Wishes::default());
    }
}
