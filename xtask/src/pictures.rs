//! `cargo xtask pictures`: each page of the dialog as a person sees it, in each theme, by each window, in several scripts.
//!
//! The windows are real ones, on a display that nobody sees; a picture is what is on that display. They are for looking at:
//! no test compares them, since fonts and drivers differ by a pixel from one machine to the next.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use xshell::{Shell, cmd};

use crate::steps::say;
use crate::{system, tools};

/// What is needed beside what the tests need.
const PACKAGES: &[&str] = &[
    "imagemagick", // `import` takes the picture
];
/// The states of the example `states` of the dialog.
const STATES: &[&str] = &[
    "asking",
    "details",
    "context",
    "modules",
    "files",
    "bytes",
    "text",
    "copy",
    "pending",
    "preparing",
    "progress",
    "sent",
    "waiting",
    "refused",
    "cancelled",
    "not-saved",
];
const THEMES: &[&str] = &["light", "dark"];
const WINDOWS: &[&str] = &["eframe", "software"];
/// Pictures of a page that are taken until two are alike; one that moves has the last.
const MOST_LOOKS: usize = 8;

/// What is asked for.
#[derive(clap::Args)]
pub(crate) struct Pictures {
    /// Languages by their tags, such as de or zh-CN
    #[arg(long, value_delimiter = ',', default_values_t = ["en".to_owned(), "ja".to_owned()])]
    languages: Vec<String>,
    /// Only these states
    #[arg(long, value_delimiter = ',', default_values_t = STATES.iter().map(|state| (*state).to_owned()))]
    states: Vec<String>,
    /// Only by these windows
    #[arg(long, value_delimiter = ',', default_values_t = WINDOWS.iter().map(|window| (*window).to_owned()))]
    windows: Vec<String>,
    /// How many pixels a point has: 2 is what screens of many pixels have
    #[arg(long, default_value = "1")]
    scale: String,
}

/// Takes them, into `target/pictures`.
///
/// # Errors
/// When something that is needed is missing, or a window does not appear.
pub(crate) fn take(shell: &Shell, asked: &Pictures) -> anyhow::Result<()> {
    if system::has_apt(shell) {
        system::prepare(shell)?;
        system::install_missing(shell, "taking pictures needs", PACKAGES)?;
    }
    tools::run(cmd!(shell, "cargo build --package afterword-dialog --example states"))?;
    let program = tools::root().join("target/debug/examples/states");
    let folder = tools::root().join("target/pictures");
    shell.create_dir(&folder)?;
    let display = Display::start()?;
    let mut taken = 0;
    for language in &asked.languages {
        for window in &asked.windows {
            for theme in THEMES {
                for state in &asked.states {
                    let name = format!("{state}-{theme}-{window}-{language}.png");
                    let mut command = Command::new(&program);
                    command
                        .args([state, *theme, window, language])
                        .env("WINIT_X11_SCALE_FACTOR", &asked.scale);
                    let file = folder.join(&name);
                    display.picture(&mut command, &file).with_context(|| name.clone())?;
                    taken += 1;
                }
            }
        }
    }
    say(&format!("{taken} pictures in {}", folder.display()));
    Ok(())
}

/// A process that is ended when this goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A display that nobody sees.
struct Display {
    _server: Running,
    name: String,
}

impl Display {
    fn start() -> anyhow::Result<Display> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1600x2000x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Running)
            .context("Xvfb cannot be started")?;
        let number = first_line(&mut server.0)?;
        ensure!(!number.is_empty(), "Xvfb has not said which display it is");
        Ok(Display {
            _server: server,
            name: format!(":{number}"),
        })
    }

    /// Starts a window, and takes its picture once it is shown and rests.
    fn picture(&self, command: &mut Command, file: &Path) -> anyhow::Result<()> {
        let mut window = command
            .env("DISPLAY", &self.name)
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Running)?;
        let said = first_line(&mut window.0)?;
        ensure!(said == "\"shown\"", "the window did not appear");
        let found = self.run("xdotool", &["search", "--onlyvisible", "--class", "afterword-dialog"])?;
        let id = found.lines().last().context("no window is on the display")?.to_owned();
        let mut before = Vec::new();
        for _ in 0..MOST_LOOKS {
            self.run("import", &["-window", &id, &file.to_string_lossy()])?;
            let picture = std::fs::read(file)?;
            if pixels(&picture) == pixels(&before) {
                break;
            }
            before = picture;
        }
        Ok(())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(program)
            .args(arguments)
            .env("DISPLAY", &self.name)
            .output();
        let output = output.with_context(|| format!("{program} cannot be started"))?;
        if !output.status.success() {
            bail!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// What of a file is the picture and not when it was taken: its `IDAT` chunks, from the first one to the end of the last.
fn pixels(png: &[u8]) -> Option<&[u8]> {
    let begin = png.windows(4).position(|name| name == b"IDAT")?;
    let end = png.windows(4).rposition(|name| name == b"IDAT")?;
    let length = png.get(end - 4..end)?.try_into().ok().map(u32::from_be_bytes)?;
    png.get(begin..end + 4 + usize::try_from(length).ok()?)
}

fn first_line(process: &mut Child) -> anyhow::Result<String> {
    let output = process.stdout.take().context("it has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::pixels;

    #[test]
    fn when_a_picture_was_taken_is_not_what_is_on_it() {
        let png = |time: &[u8], data: &[u8]| {
            let length = u32::try_from(data.len()).unwrap().to_be_bytes();
            [b"PNG tIME", time, &length, b"IDAT", data, b"crc IEND"].concat()
        };
        assert_eq!(pixels(&png(b"1", b"abc")), pixels(&png(b"22", b"abc")));
        assert_eq!(pixels(&png(b"1", b"abc")), Some(&b"IDATabc"[..]));
        assert_ne!(pixels(&png(b"1", b"abc")), pixels(&png(b"1", b"abd")));
        assert_eq!(pixels(b""), None);
    }
}
