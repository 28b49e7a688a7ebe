//! Which files are in which package.

use xshell::{Shell, cmd};

use super::deb::{Deb, Needs};
use super::programs::shipped;
use super::{Place, libraries, ours, version};
use crate::tools;

/// The name of the demo for desktops, which its files have.
pub(super) const DEMO_ID: &str = "org.afterword.Demo";
/// Sizes of its icon beside the drawing.
const ICON_SIZES: &[&str] = &["48", "128", "256"];
/// TLS trusts what this package brings.
const CERTIFICATES: &str = "ca-certificates";

/// Command line, reporter and demo.
pub(super) fn linux(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    command_line(shell, place)?;
    reporter(shell, place)?;
    demo(shell, place)
}

fn command_line(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let deb = Deb::begin(shell, place, "afterword")?;
    let mut needs = needs_of(shell, place, &deb, "afterword", "usr/bin/afterword")?;
    needs.depends.push(CERTIFICATES.to_owned());
    manual(
        shell,
        place,
        &deb,
        "afterword",
        "see crash reports, read minidumps, upload symbols",
    )?;
    deb.finish(&ours(shell, "installer/linux/afterword/control")?, &needs)?;
    Ok(())
}

fn reporter(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let deb = Deb::begin(shell, place, "afterword-reporter")?;
    let path = "usr/libexec/afterword/afterword-reporter";
    let mut needs = needs_of(shell, place, &deb, "afterword-reporter", path)?;
    // Without them there is no window, and the terminal or the next start asks.
    needs.recommends = opened(place, "afterword-reporter")?;
    needs.depends.push(CERTIFICATES.to_owned());
    needs.recommends.push("xdg-utils".to_owned());
    needs.suggests.push("fonts-noto-cjk".to_owned());
    deb.finish(&ours(shell, "installer/linux/afterword-reporter/control")?, &needs)?;
    Ok(())
}

fn demo(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let deb = Deb::begin(shell, place, "afterword-demo")?;
    let mut needs = needs_of(shell, place, &deb, "afterword-demo", "usr/bin/afterword-demo")?;
    needs.depends.extend(opened(place, "afterword-demo")?);
    needs.depends.push(CERTIFICATES.to_owned());
    // Shows the page of the issue.
    needs.recommends.push("xdg-utils".to_owned());
    needs.suggests.push("fonts-noto-cjk".to_owned());
    manual(
        shell,
        place,
        &deb,
        "afterword-demo",
        "a small drawing program that can crash",
    )?;

    let folder = "installer/linux/afterword-demo";
    let desktop = ours(shell, &format!("{folder}/{DEMO_ID}.desktop"))?;
    deb.file(&format!("usr/share/applications/{DEMO_ID}.desktop"), &desktop)?;
    let shown = metainfo(shell, place)?;
    deb.file(&format!("usr/share/metainfo/{DEMO_ID}.metainfo.xml"), &shown)?;
    let drawing = tools::root().join("assets/afterword.svg");
    let icons = "usr/share/icons/hicolor";
    deb.copy(&format!("{icons}/scalable/apps/{DEMO_ID}.svg"), &drawing, 0o644)?;
    for size in ICON_SIZES {
        let picture = icon(shell, place, size)?;
        deb.copy(&format!("{icons}/{size}x{size}/apps/{DEMO_ID}.png"), &picture, 0o644)?;
    }
    deb.finish(&ours(shell, "installer/linux/afterword-demo/control")?, &needs)?;
    Ok(())
}

/// The server, with its service.
pub(super) fn server(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let name = "afterword-collector";
    let mut deb = Deb::begin(shell, place, name)?;
    let mut needs = needs_of(shell, place, &deb, name, "usr/bin/afterword-collector")?;
    needs.depends.push(CERTIFICATES.to_owned());
    // Makes the user, where there is no systemd, too.
    needs
        .depends
        .push("systemd | systemd-standalone-sysusers | systemd-sysusers".to_owned());
    manual(
        shell,
        place,
        &deb,
        name,
        "take crash reports and errors, show them as issues",
    )?;
    let of = |file: &str| ours(shell, &format!("installer/server/{file}"));
    deb.file(
        "usr/lib/systemd/system/afterword-collector.service",
        &of("afterword-collector.service")?,
    )?;
    deb.file(
        "usr/lib/sysusers.d/afterword-collector.conf",
        &of("afterword-collector.sysusers")?,
    )?;
    deb.file(&deb.doc("README.Debian"), &of("README.Debian")?)?;
    deb.private_settings("etc/afterword/collector.env", &of("collector.env")?)?;
    for script in ["postinst", "prerm", "postrm"] {
        deb.script(script, &of(script)?)?;
    }
    deb.file(
        &format!("usr/share/lintian/overrides/{name}"),
        &of("lintian-overrides")?,
    )?;
    deb.finish(&of("control")?, &needs)?;
    Ok(())
}

/// Puts a program and its list of parts into a package; what it is linked with is what the package needs.
fn needs_of(shell: &Shell, place: &Place, deb: &Deb<'_>, program: &str, path: &str) -> anyhow::Result<Needs> {
    let from = shipped(place, program);
    deb.program(path, &from)?;
    let parts = shell.read_file(super::sbom::path(place, program))?;
    deb.packed(&deb.doc("sbom.cdx.json.gz"), &parts)?;
    Ok(Needs {
        depends: vec![libraries::linked(shell, place, &from)?],
        ..Needs::default()
    })
}

fn opened(place: &Place, program: &str) -> anyhow::Result<Vec<String>> {
    let packages = libraries::opened(&shipped(place, program))?;
    Ok(packages.into_iter().map(str::to_owned).collect())
}

/// Makes the manual page of what the program says to `--help`.
fn manual(shell: &Shell, place: &Place, deb: &Deb<'_>, program: &str, what: &str) -> anyhow::Result<()> {
    let path = shipped(place, program);
    let page = cmd!(
        shell,
        "help2man --no-info --section=1 --name={what} --help-option=--help {path}"
    )
    .env("SOURCE_DATE_EPOCH", place.epoch_s.to_string())
    .quiet()
    .read()?;
    deb.packed(&format!("usr/share/man/man1/{program}.1.gz"), &format!("{page}\n"))
}

/// What software centres show, of this version.
pub(super) fn metainfo(shell: &Shell, place: &Place) -> anyhow::Result<String> {
    let text = ours(shell, &format!("installer/linux/afterword-demo/{DEMO_ID}.metainfo.xml"))?;
    let date = place.date(shell, &["+%Y-%m-%d"])?;
    Ok(text.replace("@VERSION@", version()).replace("@DATE@", &date))
}

/// The icon as a picture of so many pixels.
pub(super) fn icon(shell: &Shell, place: &Place, size: &str) -> anyhow::Result<std::path::PathBuf> {
    let drawing = tools::root().join("assets/afterword.svg");
    let picture = place.stage.join(format!("icon-{size}.png"));
    cmd!(
        shell,
        "rsvg-convert --width={size} --height={size} --output={picture} {drawing}"
    )
    .quiet()
    .run()?;
    Ok(picture)
}
