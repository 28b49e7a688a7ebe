-- Times are milliseconds since 1970, UTC; days and hours are counted from there. Ids of events are 32 lower-case
-- hexadecimal digits. A truth is 0 or 1. '' stands for a text that is not known where it is part of a key.
-- The files of both databases make the same tables (held by a test); only the types of keys and bytes differ.

CREATE TABLE organizations (
    id         INTEGER PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);

CREATE TABLE projects (
    id              INTEGER PRIMARY KEY,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    slug            TEXT NOT NULL,
    name            TEXT NOT NULL DEFAULT '',
    platform        TEXT,
    issues_made     BIGINT NOT NULL DEFAULT 0,   -- the last issue's number within the project
    created_at      BIGINT NOT NULL,
    UNIQUE (organization_id, slug)
);

-- What a project has chosen, as JSON by name; see settings.rs for the names. project_id 0: for all projects.
CREATE TABLE settings (
    project_id BIGINT NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, name)
);

-- What a DSN carries. A quota of NULL is none.
CREATE TABLE project_keys (
    id             INTEGER PRIMARY KEY,
    project_id     BIGINT NOT NULL REFERENCES projects (id),
    public_key     TEXT NOT NULL UNIQUE,
    label          TEXT NOT NULL DEFAULT '',
    enabled        BIGINT NOT NULL DEFAULT 1,
    quota_events   BIGINT,                       -- so many events in so many seconds
    quota_window_s BIGINT,
    created_at     BIGINT NOT NULL
);
CREATE INDEX project_keys_by_project ON project_keys (project_id);

-- Tokens of the API, as SHA-256 in hexadecimal; the token itself is nowhere.
CREATE TABLE api_tokens (
    id              INTEGER PRIMARY KEY,
    hash            TEXT NOT NULL UNIQUE,
    label           TEXT NOT NULL,
    organization_id BIGINT,                      -- of which it is; NULL: of all
    user_id         BIGINT,                      -- who made it; NULL: the command line
    scopes          TEXT NOT NULL DEFAULT '',    -- with spaces between; '' : all
    created_at      BIGINT NOT NULL,
    last_used_at    BIGINT,
    expires_at      BIGINT
);

-- Collectors that work on this database: gone when they end well. One that is found says that its process died.
CREATE TABLE collectors (
    id         TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- What is this installation's own and goes into no answer.
CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Accepted, not yet digested: the answer 200 was given once this row was synced. Small bodies are in the row, others
-- in a blob; one of the two is there.
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id  BIGINT NOT NULL,
    event_id    TEXT,                            -- the id that was answered, if there is an event
    body        BLOB,
    blob        TEXT,
    size_bytes  BIGINT NOT NULL,
    client      TEXT,
    heavy       BIGINT NOT NULL,                 -- 1: has a minidump or is large, and is digested by itself
    received_at BIGINT NOT NULL
);
CREATE INDEX inbox_by_weight ON inbox (heavy, id);

-- Of envelopes that were tried and did not end well. A row more for these, so that the others are never written twice.
CREATE TABLE inbox_tries (
    inbox_id   BIGINT PRIMARY KEY,
    tries      BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    last_error TEXT
);

-- What could not be digested, with its bytes and the reason: never dropped.
CREATE TABLE set_aside (
    id           INTEGER PRIMARY KEY,
    project_id   BIGINT NOT NULL,
    event_id     TEXT,
    body         BLOB,
    blob         TEXT,
    size_bytes   BIGINT NOT NULL,
    client       TEXT,
    received_at  BIGINT NOT NULL,
    set_aside_at BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    error        TEXT NOT NULL
);
CREATE INDEX set_aside_by_project ON set_aside (project_id, id);

-- The id of one that is gone is never used again.
CREATE TABLE issues (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id    BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    grouped_by    TEXT NOT NULL,                 -- fingerprint, signature, stack or message
    title         TEXT NOT NULL,                 -- this and all down to release: of the newest event
    culprit       TEXT NOT NULL,
    signature     TEXT,
    level         TEXT NOT NULL,
    platform      TEXT NOT NULL,
    type          TEXT,
    value         TEXT,
    function      TEXT,
    filename      TEXT,
    release       TEXT,
    first_release TEXT,
    event_count   BIGINT NOT NULL,
    user_count    BIGINT NOT NULL DEFAULT 0,
    first_seen    BIGINT NOT NULL,
    last_seen     BIGINT NOT NULL,
    status        TEXT NOT NULL DEFAULT 'unresolved', -- unresolved, resolved, ignored
    substatus     TEXT NOT NULL DEFAULT 'new',        -- new, ongoing, regressed, escalating; of resolved and ignored: ''
    status_at     BIGINT NOT NULL DEFAULT 0,
    status_detail TEXT,                               -- JSON: until when it is resolved or ignored; see issues.rs
    assigned_to   TEXT,
    UNIQUE (project_id, number)
);
CREATE INDEX issues_by_last_seen ON issues (project_id, status, last_seen DESC, id DESC);
CREATE INDEX issues_by_first_seen ON issues (project_id, status, first_seen DESC, id DESC);
CREATE INDEX issues_by_events ON issues (project_id, status, event_count DESC, id DESC);
CREATE INDEX issues_by_users ON issues (project_id, status, user_count DESC, id DESC);
CREATE INDEX issues_by_age ON issues (last_seen);

-- What puts events into an issue. One key each as they come; merged issues have several.
CREATE TABLE issue_groups (
    id         INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    group_key  TEXT NOT NULL,                    -- SHA-256 of what the events have in common
    issue_id   BIGINT NOT NULL,
    grouped_by TEXT NOT NULL,
    why        TEXT NOT NULL,                    -- JSON: what they have in common, in words
    UNIQUE (project_id, group_key)
);
CREATE INDEX issue_groups_by_issue ON issue_groups (issue_id);

CREATE TABLE issue_users (
    issue_id BIGINT NOT NULL,
    user_key TEXT NOT NULL,
    PRIMARY KEY (issue_id, user_key)
);

-- Events of an issue by the hour.
CREATE TABLE issue_hours (
    issue_id BIGINT NOT NULL,
    hour     BIGINT NOT NULL,
    events   BIGINT NOT NULL,
    PRIMARY KEY (issue_id, hour)
);

-- What became of an issue, and who did it.
CREATE TABLE issue_activity (
    id       INTEGER PRIMARY KEY,
    issue_id BIGINT NOT NULL,
    kind     TEXT NOT NULL,                      -- first_seen, regression, resolved, ignored, unresolved, merged, …
    actor    TEXT,
    detail   TEXT,                               -- JSON
    at       BIGINT NOT NULL
);
CREATE INDEX issue_activity_by_issue ON issue_activity (issue_id, at, id);

CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    project_id  BIGINT NOT NULL,
    event_id    TEXT NOT NULL,
    issue_id    BIGINT NOT NULL,
    group_id    BIGINT NOT NULL,
    title       TEXT NOT NULL,
    level       TEXT NOT NULL,
    platform    TEXT NOT NULL,
    release     TEXT,
    environment TEXT,
    user_key    TEXT,                            -- what tells one user from another, hashed
    trace_id    TEXT,
    tags        TEXT NOT NULL,                   -- the ids of its tags, as JSON
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    UNIQUE (project_id, event_id)
);
CREATE INDEX events_by_issue ON events (issue_id, occurred_at, id);
CREATE INDEX events_by_time ON events (project_id, occurred_at, id);
CREATE INDEX events_by_trace ON events (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX events_by_user ON events (user_key) WHERE user_key IS NOT NULL;
CREATE INDEX events_by_receipt ON events (project_id, received_at);
CREATE INDEX events_by_issue_and_receipt ON events (issue_id, received_at);

-- What an event is made of, apart from what lists and searches look at.
CREATE TABLE event_bodies (
    event_row BIGINT PRIMARY KEY,                -- events.id
    raw       BLOB NOT NULL,                     -- the payload, byte for byte as it came, compressed with zstd
    processed BLOB                               -- the event with what symbols told of it, the same way; shown instead
);

-- Tags, words and what else events are searched by, once each. The key '' is for words.
CREATE TABLE tags (
    id         INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    key        TEXT COLLATE BINARY NOT NULL,
    value      TEXT COLLATE BINARY NOT NULL,        -- by bytes, so that its beginning is found in the index
    UNIQUE (project_id, key, value)
);
CREATE TABLE event_tags (
    tag_id    BIGINT NOT NULL,
    event_row BIGINT NOT NULL,
    PRIMARY KEY (tag_id, event_row)
) WITHOUT ROWID;
CREATE TABLE issue_tags (
    tag_id   BIGINT NOT NULL,
    issue_id BIGINT NOT NULL,
    PRIMARY KEY (tag_id, issue_id)
) WITHOUT ROWID;
CREATE INDEX issue_tags_by_issue ON issue_tags (issue_id, tag_id);
-- Events with a tag by the hour.
CREATE TABLE tag_hours (
    tag_id BIGINT NOT NULL,
    hour   BIGINT NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (tag_id, hour)
) WITHOUT ROWID;

-- What came to a project by the hour and what became of it.
CREATE TABLE project_hours (
    project_id BIGINT NOT NULL,
    hour       BIGINT NOT NULL,
    category   TEXT NOT NULL,                    -- error, transaction, session, attachment, …
    outcome    TEXT NOT NULL,                    -- accepted, rate_limited, invalid, …
    quantity   BIGINT NOT NULL,
    PRIMARY KEY (project_id, hour, category, outcome)
);

-- Files of an event, which may come before it; the bytes are a blob named by their SHA-256.
CREATE TABLE attachments (
    id           INTEGER PRIMARY KEY,
    project_id   BIGINT NOT NULL,
    event_id     TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    content_type TEXT,
    size_bytes   BIGINT NOT NULL,
    sha256       TEXT NOT NULL,
    received_at  BIGINT NOT NULL,
    UNIQUE (project_id, event_id, name, kind, sha256)
);
CREATE INDEX attachments_by_blob ON attachments (sha256);

-- What people wrote about an event, which may come before it.
CREATE TABLE feedback (
    id          INTEGER PRIMARY KEY,
    project_id  BIGINT NOT NULL,
    feedback_id TEXT NOT NULL,
    event_id    TEXT,
    message     TEXT NOT NULL,
    email       TEXT,
    name        TEXT,
    received_at BIGINT NOT NULL,
    UNIQUE (project_id, feedback_id)
);
CREATE INDEX feedback_by_event ON feedback (project_id, event_id);
CREATE INDEX feedback_by_time ON feedback (project_id, received_at);

-- Items that were accepted but of which nothing is made.
CREATE TABLE undigested_items (
    project_id BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    items      BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    reason     TEXT,                             -- of the newest, where something should have been made of it
    PRIMARY KEY (project_id, kind)
);

-- Versions of what is developed here: known by first sight or by the API.
CREATE TABLE releases (
    id              INTEGER PRIMARY KEY,
    organization_id BIGINT NOT NULL,
    version         TEXT NOT NULL,
    ref             TEXT,
    url             TEXT,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT,
    released_at     BIGINT,
    UNIQUE (organization_id, version)
);
CREATE TABLE release_projects (
    release_id BIGINT NOT NULL,
    project_id BIGINT NOT NULL,
    first_seen BIGINT,                           -- of an event, a session or a transaction; NULL before
    last_seen  BIGINT,
    events     BIGINT NOT NULL DEFAULT 0,
    new_issues BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (release_id, project_id)
);
CREATE INDEX release_projects_by_project ON release_projects (project_id);
