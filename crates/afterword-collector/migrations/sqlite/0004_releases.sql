-- What is known of a release beside its name: what went into it, and where it went. Dialect and times as in 0001.

CREATE TABLE release_commits (
    release_id   BIGINT NOT NULL,
    position     BIGINT NOT NULL,                -- 0 is the newest
    commit_id    TEXT NOT NULL,
    repository   TEXT,
    author_name  TEXT,
    author_email TEXT,
    message      TEXT,
    files        BIGINT NOT NULL,                -- how many it changed
    at           BIGINT,
    PRIMARY KEY (release_id, position)
);

CREATE TABLE deploys (
    id          INTEGER PRIMARY KEY,
    release_id  BIGINT NOT NULL,
    environment TEXT NOT NULL,
    name        TEXT,
    url         TEXT,
    started_at  BIGINT,
    finished_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX deploys_by_release ON deploys (release_id, finished_at);

-- The issues that a release brought.
CREATE INDEX issues_by_first_release ON issues (project_id, first_release);
-- And those that came back with it.
CREATE INDEX issue_activity_by_kind ON issue_activity (kind, at);

-- open, or archived: kept, but nothing to look after.
ALTER TABLE releases ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
