-- Times are milliseconds since 1970, UTC. Ids of events are 32 lower-case hexadecimal digits.
-- Only what both SQLite and PostgreSQL understand, but for the types of keys and blobs.

CREATE TABLE organizations (
    id         INTEGER PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE projects (
    id              INTEGER PRIMARY KEY,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    slug            TEXT NOT NULL,
    issues_made     BIGINT NOT NULL DEFAULT 0,   -- the last issue's number within the project
    created_at      BIGINT NOT NULL,
    UNIQUE (organization_id, slug)
);

-- What a DSN carries.
CREATE TABLE project_keys (
    id         INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    public_key TEXT NOT NULL UNIQUE,
    enabled    BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL
);

-- Tokens of the API, as SHA-256 in hexadecimal; the token itself is nowhere.
CREATE TABLE api_tokens (
    id         INTEGER PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    label      TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Accepted, not yet digested: the answer 200 was given once this row and its blob were on disk.
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id  BIGINT NOT NULL REFERENCES projects (id),
    event_id    TEXT,                            -- the id that was answered, if the envelope has an event
    blob        TEXT NOT NULL,
    size_bytes  BIGINT NOT NULL,
    client      TEXT,
    received_at BIGINT NOT NULL,
    tries       BIGINT NOT NULL DEFAULT 0,
    retry_at    BIGINT NOT NULL DEFAULT 0,
    last_error  TEXT
);

-- What could not be digested, with its blob and the reason: never dropped.
CREATE TABLE set_aside (
    id           INTEGER PRIMARY KEY,
    project_id   BIGINT NOT NULL REFERENCES projects (id),
    event_id     TEXT,
    blob         TEXT NOT NULL,
    size_bytes   BIGINT NOT NULL,
    client       TEXT,
    received_at  BIGINT NOT NULL,
    set_aside_at BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    error        TEXT NOT NULL
);

CREATE TABLE issues (
    id           INTEGER PRIMARY KEY,
    project_id   BIGINT NOT NULL REFERENCES projects (id),
    number       BIGINT NOT NULL,
    group_key    TEXT NOT NULL,                  -- SHA-256 of what the events have in common
    grouped_by   TEXT NOT NULL,                  -- fingerprint, signature, stack or message
    title        TEXT NOT NULL,                  -- this and all down to release: of the newest event
    culprit      TEXT NOT NULL,
    signature    TEXT,
    level        TEXT NOT NULL,
    platform     TEXT NOT NULL,
    type         TEXT,
    value        TEXT,
    function     TEXT,
    filename     TEXT,
    release      TEXT,
    event_count  BIGINT NOT NULL,
    first_seen   BIGINT NOT NULL,
    last_seen    BIGINT NOT NULL,
    UNIQUE (project_id, group_key),
    UNIQUE (project_id, number)
);
CREATE INDEX issues_by_last_seen ON issues (project_id, last_seen DESC, id DESC);

CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    project_id  BIGINT NOT NULL REFERENCES projects (id),
    event_id    TEXT NOT NULL,
    issue_id    BIGINT NOT NULL REFERENCES issues (id),
    title       TEXT NOT NULL,
    level       TEXT NOT NULL,
    release     TEXT,
    environment TEXT,
    user_key    TEXT,                            -- what tells one user from another, hashed
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    raw         BLOB NOT NULL,                   -- the payload, byte for byte as it came
    UNIQUE (project_id, event_id)
);
CREATE INDEX events_by_issue ON events (issue_id, occurred_at, id);

-- Files of an event, which may come before it; the bytes are a blob named by their SHA-256.
CREATE TABLE attachments (
    id           INTEGER PRIMARY KEY,
    project_id   BIGINT NOT NULL REFERENCES projects (id),
    event_id     TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    content_type TEXT,
    size_bytes   BIGINT NOT NULL,
    sha256       TEXT NOT NULL,
    received_at  BIGINT NOT NULL,
    UNIQUE (project_id, event_id, name, kind, sha256)
);

-- What people wrote about an event, which may come before it.
CREATE TABLE feedback (
    id          INTEGER PRIMARY KEY,
    project_id  BIGINT NOT NULL REFERENCES projects (id),
    feedback_id TEXT NOT NULL,
    event_id    TEXT,
    message     TEXT NOT NULL,
    email       TEXT,
    name        TEXT,
    received_at BIGINT NOT NULL,
    UNIQUE (project_id, feedback_id)
);
CREATE INDEX feedback_by_event ON feedback (project_id, event_id);

-- Items that were accepted but of which nothing is made yet.
CREATE TABLE undigested_items (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    kind       TEXT NOT NULL,
    items      BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    PRIMARY KEY (project_id, kind)
);
