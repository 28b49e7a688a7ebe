//! A client of AT-SPI, as a screen reader is one: it knows of a window what that tells the desktop, and presses by its names.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;
use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, MessageIterator};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use crate::stage::{PATIENCE, wait_for};

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
/// Deepest tree that is looked through.
const MAX_DEPTH: usize = 40;

/// A desktop's session with assistive technology in use, of a test's own.
pub(crate) struct Session {
    bus: Child,
    pub(crate) address: String,
    _folder: TempDir,
    _session: Connection,
    access: Connection,
}

/// Something on the screen, as it is told.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    owner: String,
    path: OwnedObjectPath,
    pub(crate) role: &'static str,
    pub(crate) name: String,
}

/// The roles of the controls, by AT-SPI's numbers.
fn role_name(number: u32) -> &'static str {
    match number {
        7 => "check box",
        43 => "button",
        62 => "toggle button",
        79 => "entry",
        83 => "heading",
        _ => "another",
    }
}

impl Session {
    pub(crate) fn start() -> Session {
        let folder = tempfile::tempdir().unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nosyslog", "--print-address"])
            .env("XDG_RUNTIME_DIR", folder.path())
            .env_remove("DISPLAY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is needed: run the tests with `cargo xtask test`");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let address = address.trim().to_owned();
        let session = Builder::address(address.as_str()).unwrap().build().unwrap();
        // As the switch in the desktop's settings does; it starts the bus of AT-SPI.
        let status = ("org.a11y.Status", "IsEnabled", Value::Bool(true));
        session
            .call_method(
                Some("org.a11y.Bus"),
                "/org/a11y/bus",
                Some("org.freedesktop.DBus.Properties"),
                "Set",
                &status,
            )
            .expect("at-spi2-core is needed: run the tests with `cargo xtask test`");
        let told = session
            .call_method(
                Some("org.a11y.Bus"),
                "/org/a11y/bus",
                Some("org.a11y.Bus"),
                "GetAddress",
                &(),
            )
            .unwrap();
        let of_access: String = told.body().deserialize().unwrap();
        let access = Builder::address(of_access.as_str()).unwrap().build().unwrap();
        Session {
            bus,
            address,
            _folder: folder,
            _session: session,
            access,
        }
    }

    /// All that the windows tell now, in the order in which it is read.
    pub(crate) fn tree(&self) -> Vec<Node> {
        let mut nodes = Vec::new();
        self.collect(
            "org.a11y.atspi.Registry",
            "/org/a11y/atspi/accessible/root",
            0,
            &mut nodes,
        );
        nodes
    }

    /// What is gone meanwhile is not in it.
    fn collect(&self, owner: &str, path: &str, depth: usize, nodes: &mut Vec<Node>) {
        let children = self
            .access
            .call_method(Some(owner), path, Some(ACCESSIBLE), "GetChildren", &());
        let Some(children) = children.ok().filter(|_| depth < MAX_DEPTH) else {
            return;
        };
        let children: Vec<(String, OwnedObjectPath)> = children.body().deserialize().unwrap();
        for (owner, path) in children {
            let Some((role, name)) = self.role(&owner, &path).zip(self.name(&owner, &path)) else {
                continue;
            };
            nodes.push(Node {
                owner: owner.clone(),
                path: path.clone(),
                role,
                name,
            });
            self.collect(&owner, path.as_str(), depth + 1, nodes);
        }
    }

    fn role(&self, owner: &str, path: &OwnedObjectPath) -> Option<&'static str> {
        let role = self
            .access
            .call_method(Some(owner), path, Some(ACCESSIBLE), "GetRole", &());
        role.ok()?.body().deserialize().ok().map(role_name)
    }

    fn name(&self, owner: &str, path: &OwnedObjectPath) -> Option<String> {
        let asked = (ACCESSIBLE, "Name");
        let name = self.access.call_method(
            Some(owner),
            path,
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &asked,
        );
        let name: OwnedValue = name.ok()?.body().deserialize().ok()?;
        String::try_from(name).ok()
    }

    /// Waits for something of this name.
    pub(crate) fn find(&self, name: &str) -> Node {
        wait_for(name, || self.tree().into_iter().find(|node| node.name == name))
    }

    /// Roles and names of all that is there.
    pub(crate) fn names(&self) -> Vec<(&'static str, String)> {
        self.tree().into_iter().map(|node| (node.role, node.name)).collect()
    }

    /// Does what a press of it does.
    pub(crate) fn press(&self, node: &Node) {
        let action = Some("org.a11y.atspi.Action");
        let done = self
            .access
            .call_method(Some(node.owner.as_str()), &node.path, action, "DoAction", &0_i32)
            .unwrap();
        assert!(done.body().deserialize::<bool>().unwrap(), "{node:?} cannot be pressed");
    }

    /// Listens to what is said aloud, from now on.
    pub(crate) fn announcements(&self) -> Announcements {
        let rule = "type='signal',interface='org.a11y.atspi.Event.Object',member='Announcement'";
        // The registry tells the windows that somebody listens.
        self.access
            .call_method(
                Some("org.a11y.atspi.Registry"),
                "/org/a11y/atspi/registry",
                Some("org.a11y.atspi.Registry"),
                "RegisterEvent",
                &("object:announcement", Vec::<String>::new(), ""),
            )
            .unwrap();
        let heard = MessageIterator::for_match_rule(rule, &self.access, Some(64)).unwrap();
        Announcements(listen(heard))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.bus.kill().unwrap();
        self.bus.wait().unwrap();
    }
}

/// What is said aloud, in its order.
pub(crate) struct Announcements(Receiver<String>);

/// The thread ends with the bus.
fn listen(heard: MessageIterator) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for message in heard.flatten() {
            let body = message.body();
            // Kind, two details, the text, and who said it.
            let Ok((_, _, _, text, _)) =
                body.deserialize::<(String, i32, i32, OwnedValue, HashMap<String, OwnedValue>)>()
            else {
                continue;
            };
            if String::try_from(text).is_ok_and(|text| sender.send(text).is_err()) {
                return;
            }
        }
    });
    receiver
}

impl Announcements {
    /// Waits until this is said.
    pub(crate) fn wait_for(&self, text: &str) {
        while self.0.recv_timeout(PATIENCE).expect(text) != text {}
    }
}
