//! Debug files of a project: uploaded, missing, and where else they are looked for.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::asked::{Seen, Sent};
use super::{About, DONE, Side, Ways, at, offset, to};
use crate::access::Scope;
use crate::api::symbols::set_servers;
use crate::pages::frame::Frame;
use crate::pages::needs::{EventWrite, ProjectRead, ProjectWrite};
use crate::pages::posted::Fields;
use crate::pages::said::Said;
use crate::pages::words::{When, grouped, size};
use crate::pages::{Failure, number, render};
use crate::projects::Project;
use crate::symbols::missing::Listed;
use crate::symbols::{DebugFile, Layout, SERVERS_SETTING, Server, Which};
use crate::{App, api, now_ms, settings};

/// Lines of a page.
const PAGE: i64 = 50;

/// Events that one press digests again.
const AGAIN: i64 = 10_000;

/// How files lie on a symbol server: as it is kept, and in words.
const LAYOUTS: [(Layout, &str, &str); 4] = [
    (Layout::Breakpad, "breakpad", "Breakpad (name/ID/name.sym)"),
    (Layout::Debuginfod, "debuginfod", "debuginfod (buildid/ID/debuginfo)"),
    (Layout::Microsoft, "microsoft", "Microsoft (name.pdb/ID/name.pdb)"),
    (Layout::Unified, "unified", "Unified (id/id/debuginfo)"),
];

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/{org}/{project}/symbols/", get(show))
        .route("/settings/{org}/{project}/symbols/servers", post(choose_servers))
        .route("/settings/{org}/{project}/symbols/{file}/remove", post(remove))
        .route("/settings/{org}/{project}/symbols/missing/", get(missing))
        .route("/settings/{org}/{project}/symbols/missing/again", post(again))
}

#[derive(Template)]
#[template(path = "settings/symbols.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    project: Project,
    files: Vec<File>,
    search: String,
    ways: Ways,
    /// Where the server is.
    url: String,
    servers: Vec<(String, &'static str)>,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "settings/missing.html")]
struct MissingPage {
    frame: Frame,
    side: Side,
    said: Said,
    project: Project,
    modules: Vec<Module>,
    release: String,
    ways: Ways,
    url: String,
    may_digest: bool,
}

struct File {
    id: i64,
    name: String,
    debug_id: String,
    code_id: String,
    what: String,
    features: String,
    size: String,
    uploaded: When,
}

struct Module {
    name: String,
    release: String,
    debug_id: String,
    code_id: String,
    in_app: bool,
    events: String,
    last_seen: When,
}

impl File {
    fn of(file: DebugFile, now: i64) -> Self {
        let features: Vec<&str> = file
            .features()
            .map(|feature| match feature {
                "symtab" => "names",
                "debug" => "files and lines",
                "unwind" => "unwinding",
                "sources" => "sources",
                other => other,
            })
            .collect();
        Self {
            id: file.id,
            features: features.join(", "),
            what: [file.format.as_str(), file.kind.as_str(), file.arch.as_str()].join(" "),
            size: size(file.size_bytes),
            uploaded: When::of(file.created_at, now),
            code_id: file.code_id.unwrap_or_default(),
            debug_id: file.debug_id,
            name: file.name,
        }
    }
}

impl Module {
    fn of(listed: Listed, now: i64) -> Self {
        Self {
            in_app: listed.in_app != 0,
            events: grouped(listed.events),
            last_seen: When::of(listed.last_seen, now),
            name: listed.name,
            release: listed.release,
            debug_id: listed.debug_id,
            code_id: listed.code_id,
        }
    }
}

async fn show(State(app): State<App>, Seen { frame, project, .. }: Seen<ProjectRead>) -> Result<Response, Failure> {
    let said = Said::done(&frame, DONE);
    page(&app, frame, project, said).await
}

async fn page(app: &App, frame: Frame, project: Project, said: Said) -> Result<Response, Failure> {
    let search: String = frame.asked("query").unwrap_or_default().chars().take(200).collect();
    let which = Which {
        query: Some(search.as_str()).filter(|search| !search.is_empty()),
        ..Which::default()
    };
    let offset = offset(&frame);
    let mut files = app.symbols.list(project.id, which, offset, PAGE + 1).await?;
    let ways = Ways::cut(&frame, offset, PAGE, &mut files);
    let servers: Option<Vec<Server>> = settings::get(&app.database, project.id, SERVERS_SETTING).await?;
    let name = |server: Server| {
        let layout = LAYOUTS.iter().find(|(layout, _, _)| *layout == server.layout);
        (server.url, layout.map_or("", |(_, name, _)| *name))
    };
    let now = now_ms();
    let page = Page {
        side: Side::new(app, &frame, About::Project(&project)).await?,
        files: files.into_iter().map(|file| File::of(file, now)).collect(),
        servers: servers.unwrap_or_default().into_iter().map(name).collect(),
        url: app.url.to_string(),
        may_change: frame.may_in(&project, Scope::ProjectWrite),
        search,
        ways,
        project,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

impl Page {
    /// The lines of the form of servers: what was typed, or else those that are kept, and one to be filled.
    fn server_lines(&self) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> = match self.said.about("servers") {
            Some(_) => self.said.pairs("url", "layout"),
            None => {
                let kept = self.servers.iter();
                kept.map(|(url, layout)| (url.clone(), (*layout).to_owned())).collect()
            }
        };
        if lines.last().is_none_or(|(url, _)| !url.trim().is_empty()) {
            lines.push((String::new(), "debuginfod".to_owned()));
        }
        lines
    }
}

async fn choose_servers(
    State(app): State<App>,
    Sent {
        frame, project, fields, ..
    }: Sent<ProjectWrite>,
) -> Result<Response, Failure> {
    let set = match servers(&fields) {
        Ok(servers) => set_servers(&app, project.id, &servers).await,
        Err(failure) => Err(failure),
    };
    let taken = set.map(|()| to(&at(&project, "symbols/"), "saved"));
    Said::answered(taken, "servers", fields, |said| page(&app, frame, project, said)).await
}

/// A line without an address is left out.
fn servers(fields: &Fields) -> Result<Vec<Server>, api::Failure> {
    let lines = fields.all("url").zip(fields.all("layout"));
    let lines = lines.filter(|(url, _)| !url.trim().is_empty());
    let server = |(url, layout): (&str, &str)| {
        let found = LAYOUTS.iter().find(|(_, name, _)| *name == layout);
        let (layout, _, _) = found.ok_or_else(|| api::Failure::wrong("layout of a symbol server", layout))?;
        Ok(Server {
            url: url.trim().to_owned(),
            layout: *layout,
        })
    };
    lines.map(server).collect()
}

async fn remove(
    State(app): State<App>,
    Path((_, _, file)): Path<(String, String, String)>,
    Sent { project, .. }: Sent<ProjectWrite>,
) -> Result<Response, Failure> {
    let file = app.symbols.by_id(project.id, number(&file)?).await?;
    app.symbols.remove(&file.ok_or(Failure::NotFound)?).await?;
    Ok(to(&at(&project, "symbols/"), "symbols-removed"))
}

async fn missing(State(app): State<App>, Seen { frame, project, .. }: Seen<ProjectRead>) -> Result<Response, Failure> {
    let release: String = frame.asked("release").unwrap_or_default().chars().take(250).collect();
    let of_release = Some(release.as_str()).filter(|release| !release.is_empty());
    let offset = offset(&frame);
    let mut modules = app.symbols.missing(project.id, of_release, offset, PAGE + 1).await?;
    let ways = Ways::cut(&frame, offset, PAGE, &mut modules);
    let now = now_ms();
    let page = MissingPage {
        side: Side::new(&app, &frame, About::Project(&project)).await?,
        said: Said::done(
            &frame,
            &[(
                "again",
                "The newest of these events are digested again, with what is there now.",
            )],
        ),
        modules: modules.into_iter().map(|listed| Module::of(listed, now)).collect(),
        url: app.url.to_string(),
        may_digest: frame.may_in(&project, Scope::EventWrite),
        release,
        ways,
        project,
        frame,
    };
    Ok(render(&page))
}

async fn again(State(app): State<App>, Sent { project, .. }: Sent<EventWrite>) -> Result<Response, Failure> {
    app.symbols.digest_again(project.id, None, AGAIN).await?;
    Ok(to(&at(&project, "symbols/missing/"), "again"))
}
