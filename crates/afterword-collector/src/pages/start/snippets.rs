//! What to put into an application so that its events arrive here, by its language, ready to be pasted.

use url::Url;

use crate::collector::dsn;
use crate::projects::Project;

/// What a project can be for: as it is kept, and in words.
pub(in crate::pages) const PLATFORMS: [(&str, &str); 6] = [
    ("rust", "Rust"),
    ("native", "C and C++"),
    ("python", "Python"),
    ("node", "Node.js"),
    ("javascript", "JavaScript in browsers"),
    ("other", "Something else"),
];

/// A tab: its name in `?with=`, its title, and the platform it is shown for at first.
const TABS: [(&str, &str, &str); 8] = [
    ("rust", "Rust", "rust"),
    ("c", "C and C++", "native"),
    ("sentry-rust", "Rust, with sentry", ""),
    ("python", "Python", "python"),
    ("node", "Node.js", "node"),
    ("browser", "Browser", "javascript"),
    ("minidump", "Minidumps", ""),
    ("curl", "curl", "other"),
];

/// What one tab shows.
pub(super) struct Snippet {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) steps: Vec<Step>,
}

/// A sentence and what is to be pasted.
pub(super) struct Step {
    pub(super) text: &'static str,
    pub(super) code: String,
}

/// The tab that is asked for, or else that of the project's platform.
pub(super) fn shown(asked: Option<&str>, platform: Option<&str>) -> &'static str {
    let asked = TABS.iter().find(|(key, _, _)| Some(*key) == asked);
    let platform = platform.filter(|platform| !platform.is_empty());
    let of_platform = TABS.iter().find(|(_, _, of)| Some(*of) == platform);
    asked.or(of_platform).map_or("rust", |(key, _, _)| key)
}

/// All tabs.
pub(super) fn all(url: &str, public_key: &str, project: &Project) -> Vec<Snippet> {
    let dsn = dsn(url, public_key, project.id);
    let of = |(key, title, _): (&'static str, &'static str, &'static str)| Snippet {
        key,
        title,
        steps: match key {
            "rust" => rust(&dsn),
            "c" => c(&dsn, project),
            "sentry-rust" => sentry_rust(&dsn),
            "python" => python(&dsn, project),
            "node" => node(&dsn, project),
            "browser" => browser(&dsn, project),
            "minidump" => minidump(url, public_key, project),
            _ => curl(url, public_key, project),
        },
    };
    TABS.into_iter().map(of).collect()
}

fn step(text: &'static str, code: impl Into<String>) -> Step {
    Step {
        text,
        code: code.into(),
    }
}

/// As in the README.
fn rust(dsn: &str) -> Vec<Step> {
    vec![
        step(
            "In Cargo.toml, with the path to your copy of Afterword:",
            "[dependencies]\nafterword = { path = \"../afterword/crates/afterword\" }",
        ),
        step(
            "First in main:",
            format!(
                "fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let _afterword = afterword::Options::new(\"{dsn}\")
        .release(afterword::release_name!())
        .init()?;

    // The rest of your program.
    Ok(())
}}"
            ),
        ),
        step(
            "Build the reporter, and put it beside your executable:",
            "cargo build --release -p afterword-reporter",
        ),
    ]
}

fn c(dsn: &str, project: &Project) -> Vec<Step> {
    let slug = &project.slug;
    vec![
        step(
            "Build the library and the reporter, which goes beside your executable:",
            "cargo build --release -p afterword-ffi -p afterword-reporter",
        ),
        step(
            "First in main, with afterword.h from crates/afterword-ffi/include:",
            format!(
                "#include <afterword.h>

int main(void)
{{
    afterword_options_t *options = afterword_options_new(\"{dsn}\");
    afterword_options_set_app_name(options, \"{slug}\");
    afterword_options_set_release(options, \"{slug}@1.0.0\");
    if (afterword_init(options) != AFTERWORD_OK) {{
        /* afterword_last_error() says why; the program runs on. */
    }}
    afterword_options_free(options);

    /* The rest of your program. */

    afterword_shutdown();
    return 0;
}}"
            ),
        ),
    ]
}

fn sentry_rust(dsn: &str) -> Vec<Step> {
    vec![
        step("For a service, or a program that uses it already:", "cargo add sentry"),
        step(
            "First in main:",
            format!(
                "fn main() {{
    let _guard = sentry::init((
        \"{dsn}\",
        sentry::ClientOptions {{
            release: sentry::release_name!(),
            ..Default::default()
        }},
    ));

    // The rest of your program. A panic is sent.
}}"
            ),
        ),
    ]
}

fn python(dsn: &str, project: &Project) -> Vec<Step> {
    let slug = &project.slug;
    vec![
        step("Install the client:", "pip install sentry-sdk"),
        step(
            "Where the program begins:",
            format!(
                "import sentry_sdk

sentry_sdk.init(
    dsn=\"{dsn}\",
    release=\"{slug}@1.0.0\",
)"
            ),
        ),
        step(
            "Then let something go wrong:",
            "raise RuntimeError(\"The first of many\")",
        ),
    ]
}

fn node(dsn: &str, project: &Project) -> Vec<Step> {
    let slug = &project.slug;
    vec![
        step("Install the client:", "npm install @sentry/node"),
        step(
            "Before anything else is loaded:",
            format!(
                "const Sentry = require(\"@sentry/node\");

Sentry.init({{
  dsn: \"{dsn}\",
  release: \"{slug}@1.0.0\",
}});"
            ),
        ),
        step(
            "Then let something go wrong:",
            "throw new Error(\"The first of many\");",
        ),
    ]
}

fn browser(dsn: &str, project: &Project) -> Vec<Step> {
    let slug = &project.slug;
    vec![
        step("Install the client:", "npm install @sentry/browser"),
        step(
            "First in your script:",
            format!(
                "import * as Sentry from \"@sentry/browser\";

Sentry.init({{
  dsn: \"{dsn}\",
  release: \"{slug}@1.0.0\",
}});"
            ),
        ),
    ]
}

fn minidump(url: &str, public_key: &str, project: &Project) -> Vec<Step> {
    let minidump = minidump_url(url, public_key, project.id);
    let slug = &project.slug;
    vec![
        step(
            "Crashpad and Breakpad send here: give this URL to StartHandler, or to whatever uploads the dumps:",
            minidump.clone(),
        ),
        step(
            "A dump that is already there:",
            format!("curl -F upload_file_minidump=@crash.dmp -F 'sentry[release]={slug}@1.0.0' \\\n    '{minidump}'"),
        ),
    ]
}

fn curl(url: &str, public_key: &str, project: &Project) -> Vec<Step> {
    let id = project.id;
    vec![step(
        "Any client of Sentry's protocol works with the DSN. To see something arrive at once:",
        format!(
            "curl -H 'Content-Type: application/json' \\
    -d '{{\"message\": \"The first of many\", \"level\": \"info\"}}' \\
    '{url}/api/{id}/store/?sentry_key={public_key}'"
        ),
    )]
}

/// Where minidumps are sent.
pub(in crate::pages) fn minidump_url(url: &str, public_key: &str, project_id: i64) -> String {
    format!("{url}/api/{project_id}/minidump/?sentry_key={public_key}")
}

/// Where browsers send what a content security policy kept them from.
pub(in crate::pages) fn security_url(url: &str, public_key: &str, project_id: i64) -> String {
    format!("{url}/api/{project_id}/security/?sentry_key={public_key}")
}

/// Whether only this machine reaches the address of this collector: a DSN with it is of no use elsewhere.
pub(super) fn is_only_here(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| host == "localhost" || host == "[::1]" || host.starts_with("127."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_chooses_the_tab_unless_one_is_asked_for() {
        assert_eq!(shown(None, None), "rust");
        assert_eq!(shown(None, Some("native")), "c");
        assert_eq!(shown(Some("python"), Some("native")), "python");
        assert_eq!(shown(Some("<b>"), Some("cobol")), "rust");
        assert_eq!(shown(None, Some("")), "rust");
        for (platform, _) in PLATFORMS {
            assert!(TABS.iter().any(|(_, _, of)| *of == platform), "{platform}");
        }
    }

    #[test]
    fn only_this_machine_reaches_a_loopback_address() {
        for here in ["http://127.0.0.1:8797", "http://localhost:1", "http://[::1]:8797"] {
            assert!(is_only_here(here), "{here}");
        }
        assert!(!is_only_here("https://errors.example.com") && !is_only_here("http://192.168.1.2:8797"));
    }
}
