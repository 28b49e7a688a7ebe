//! The house: which crate uses which, and what must not be found in them.
//!
//! `ARCHITECTURE.md` says for each crate what it is free of. What a crate depends on is asked of `cargo metadata`, for
//! all systems and features at once, so that a dependency that only Windows would bring is seen on Linux too. What it
//! could do without a dependency, with the standard library alone, is looked for in its sources.
//!
//! A test that fails here names the way by which the unwanted crate came in. Either that way is closed, or the house is
//! changed on purpose: [`HOUSE`] and `ARCHITECTURE.md` together.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::path::Path;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// Each crate of ours, from the bottom up, with those of ours it may use.
const HOUSE: &[(&str, &[&str])] = &[
    ("afterword-protocol", &[]),
    ("afterword-channel", &[]),
    ("afterword-store", &["afterword-protocol"]),
    ("afterword-symbols", &[]),
    ("afterword-upload", &["afterword-store", "afterword-protocol"]),
    ("afterword-dialog", &["afterword-store"]),
    (
        "afterword-reporter",
        &[
            "afterword-protocol",
            "afterword-channel",
            "afterword-store",
            "afterword-symbols",
            "afterword-upload",
            "afterword-dialog",
        ],
    ),
    ("afterword", &["afterword-channel", "afterword-store"]),
    ("afterword-tower", &[]),
    ("afterword-ffi", &["afterword"]),
    ("afterword-collector", &["afterword-protocol", "afterword-symbols"]),
    (
        "afterword-cli",
        &[
            "afterword-protocol",
            "afterword-channel",
            "afterword-store",
            "afterword-symbols",
            "afterword-upload",
            "afterword-dialog",
            "afterword-reporter",
            "afterword-collector",
        ],
    ),
    // The store besides: to tell that after *Don't send* nothing is left in it.
    (
        "afterword-demo",
        &[
            "afterword",
            "afterword-reporter",
            "afterword-collector",
            "afterword-store",
        ],
    ),
];

/// What is outside of the house and may use all of it, or needs none.
const OUTSIDE: &[&str] = &[
    "afterword-bench",
    "afterword-bench-ingest",
    "afterword-e2e",
    "afterword-examples",
    "afterword-servers",
    "afterword-size",
    "xtask",
];

const HTTP: &[&str] = &[
    "attohttpc",
    "axum",
    "curl",
    "h2",
    "h3",
    "hyper",
    "hyper-util",
    "isahc",
    "minreq",
    "quinn",
    "reqwest",
    "tungstenite",
    "ureq",
];
const TLS: &[&str] = &[
    "aws-lc-rs",
    "boring",
    "native-tls",
    "openssl",
    "openssl-sys",
    "ring",
    "rustls",
    "rustls-webpki",
    "schannel",
    "security-framework",
];
const SOCKETS: &[&str] = &["async-net", "hickory-resolver", "mio", "polling", "socket2"];
const RUNTIMES: &[&str] = &[
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-std",
    "compio",
    "glommio",
    "monoio",
    "smol",
    "tokio",
];
const GUI: &[&str] = &[
    "accesskit",
    "eframe",
    "egui",
    "gdk-sys",
    "glow",
    "glutin",
    "gtk",
    "gtk4",
    "iced",
    "rfd",
    "slint",
    "softbuffer",
    "tao",
    "wayland-client",
    "wgpu",
    "winit",
    "wry",
    "x11rb",
];
const FILES: &[&str] = &[
    "directories",
    "dirs",
    "fs-err",
    "memmap2",
    "notify",
    "rustix",
    "tempfile",
    "walkdir",
];

/// The few who may bring an HTTP client: the sender, who is built on it, and who asks a server for what has arrived.
const MAY_BRING_REQWEST: &[&str] = &[
    "afterword-upload",
    "afterword-reporter",
    "afterword-cli",
    "afterword-demo",
    "afterword-e2e",
    // The server's files may be in a store that is reached by HTTP, and symbols in one of others.
    "afterword-collector",
];

#[test]
fn each_member_of_the_workspace_has_its_place() {
    let house = House::load();
    let members: BTreeSet<&str> = house.members().map(|package| package.name.as_str()).collect();
    let placed: BTreeSet<&str> = HOUSE
        .iter()
        .map(|(name, _)| *name)
        .chain(OUTSIDE.iter().copied())
        .collect();
    assert_eq!(
        members, placed,
        "a crate without a place in the house, or a place without a crate"
    );
}

#[test]
fn a_crate_uses_only_what_the_house_allows() {
    let house = House::load();
    let mut wrong = Vec::new();
    for (place, (name, allowed)) in HOUSE.iter().enumerate() {
        // Tests may use more, though never what stands below: that is what afterword-e2e is for.
        let above: Vec<&str> = HOUSE[..place].iter().map(|(name, _)| *name).collect();
        for dependency in house.package(name).dependencies.iter().filter(|d| is_ours(&d.name)) {
            let fits = match dependency.kind {
                DependencyKind::Development => above.contains(&dependency.name.as_str()),
                _ => allowed.contains(&dependency.name.as_str()),
            };
            if !fits {
                wrong.push(format!("{name} uses {} ({})", dependency.name, dependency.kind));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_goes_from_the_bottom_up() {
    for (place, (name, allowed)) in HOUSE.iter().enumerate() {
        for used in *allowed {
            assert!(
                HOUSE[..place].iter().any(|(above, _)| above == used),
                "{name} may use {used}, which is not above it"
            );
        }
    }
}

#[test]
fn the_embedded_crate_has_no_http_no_gui_and_no_async_runtime() {
    let house = House::load();
    for name in ["afterword", "afterword-ffi"] {
        house.assert_absent(name, &[HTTP, TLS, SOCKETS, RUNTIMES, GUI]);
    }
}

#[test]
fn the_protocol_has_no_input_and_output() {
    House::load().assert_absent("afterword-protocol", &[HTTP, TLS, SOCKETS, RUNTIMES, GUI, FILES]);
    assert_sources_free_of(
        "afterword-protocol",
        &["std::fs", "std::net", "std::process", "std::os"],
    );
}

#[test]
fn what_lies_between_app_and_upload_knows_no_network() {
    let house = House::load();
    for name in ["afterword-channel", "afterword-store", "afterword-symbols"] {
        house.assert_absent(name, &[HTTP, TLS, SOCKETS, RUNTIMES, GUI]);
    }
    for name in [
        "afterword",
        "afterword-channel",
        "afterword-store",
        "afterword-symbols",
        "afterword-dialog",
    ] {
        assert_sources_free_of(name, &["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"]);
    }
}

/// Asked of its manifest: in the graph, the features that the collector wants of axum are united with its own.
#[test]
fn the_middleware_brings_no_server_and_no_runtime() {
    let house = House::load();
    let mut axum_features = None;
    for dependency in &house.package("afterword-tower").dependencies {
        let name = dependency.name.as_str();
        if dependency.kind != DependencyKind::Normal {
            continue;
        } else if name == "axum" {
            assert!(dependency.optional && !dependency.uses_default_features);
            axum_features = Some(dependency.features.as_slice());
            continue;
        }
        for unwanted in [HTTP, TLS, SOCKETS, RUNTIMES, GUI] {
            assert!(!unwanted.contains(&name), "afterword-tower uses {name}");
        }
    }
    assert_eq!(axum_features, Some(["matched-path".to_owned()].as_slice()));
    assert_sources_free_of("afterword-tower", &["std::net", "std::fs", "std::process"]);
}

/// The bus to the screen reader (zbus, through accesskit) is no network, though it brings sockets and an executor.
#[test]
fn the_dialog_knows_no_network() {
    House::load().assert_absent("afterword-dialog", &[HTTP, TLS]);
}

#[test]
fn only_upload_and_the_collector_bring_an_http_client() {
    let house = House::load();
    for package in house.members() {
        let name = package.name.as_str();
        if !MAY_BRING_REQWEST.contains(&name) {
            house.assert_absent(name, &[&["reqwest"]]);
        }
    }
}

/// Were the walk blind, all of the above would pass.
#[test]
fn the_walk_sees_what_is_there() {
    let house = House::load();
    for (from, to) in [
        ("afterword-upload", "rustls"),
        ("afterword-dialog", "winit"),
        ("afterword-reporter", "hyper"),
    ] {
        assert!(house.way(from, to).is_some(), "{from} should be seen to use {to}");
    }
}

struct House {
    metadata: Metadata,
}

impl House {
    fn load() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .features(CargoOpt::AllFeatures)
            .other_options(["--locked".to_owned()])
            .exec()
            .expect("cargo metadata");
        Self { metadata }
    }

    fn members(&self) -> impl Iterator<Item = &Package> {
        self.metadata.workspace_packages().into_iter()
    }

    fn package(&self, name: &str) -> &Package {
        self.members()
            .find(|package| package.name == name)
            .unwrap_or_else(|| panic!("{name} is not in the workspace"))
    }

    fn assert_absent(&self, from: &str, unwanted: &[&[&str]]) {
        let found: Vec<String> = unwanted
            .iter()
            .flat_map(|names| names.iter())
            .filter_map(|name| self.way(from, name))
            .collect();
        assert!(found.is_empty(), "{from} must be free of these:\n{}", found.join("\n"));
    }

    /// The shortest way from a crate of ours to the crate of that name, in words, through what is linked into it:
    /// neither build scripts, nor tests, nor procedural macros (which run in the compiler) with all they need.
    fn way(&self, from: &str, to: &str) -> Option<String> {
        let packages: HashMap<&PackageId, &Package> = self.metadata.packages.iter().map(|p| (&p.id, p)).collect();
        let nodes: HashMap<_, _> = self
            .metadata
            .resolve
            .as_ref()?
            .nodes
            .iter()
            .map(|node| (&node.id, node))
            .collect();
        let start = &self.package(from).id;
        let mut came_from: BTreeMap<&PackageId, &PackageId> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(id) = queue.pop_front() {
            if packages[id].name == to {
                let ids = std::iter::successors(Some(id), |id| came_from.get(*id).copied());
                let mut names: Vec<&str> = ids.map(|id| packages[id].name.as_str()).collect();
                names.reverse();
                return Some(names.join(" → "));
            }
            for dependency in &nodes[id].deps {
                let linked = dependency
                    .dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
                    && !packages[&dependency.pkg]
                        .targets
                        .iter()
                        .any(|target| target.is_proc_macro());
                if linked && dependency.pkg != *start && !came_from.contains_key(&dependency.pkg) {
                    came_from.insert(&dependency.pkg, id);
                    queue.push_back(&dependency.pkg);
                }
            }
        }
        None
    }
}

fn is_ours(name: &str) -> bool {
    HOUSE.iter().any(|(ours, _)| *ours == name) || OUTSIDE.contains(&name)
}

/// Looks through the sources of a crate of ours, leaving out comments and tests.
fn assert_sources_free_of(name: &str, words: &[&str]) {
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../crates")
            .join(name)
            .join("src"),
    ];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
                read += 1;
                let text = fs::read_to_string(&path).expect("a source file");
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
                for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                    for word in words {
                        assert!(!line.contains(word), "{}: {word} in `{}`", path.display(), line.trim());
                    }
                }
            }
        }
    }
    assert!(read > 0, "{name} has no sources");
}
