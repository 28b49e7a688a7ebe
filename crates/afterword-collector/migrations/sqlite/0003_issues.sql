-- The life of issues. Dialect and times as in 0001.

-- Issues that wait: ignored ones for a time, resolved ones for the next release.
CREATE TABLE issue_waits (
    issue_id   BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL,
    until      BIGINT                            -- NULL: for the next release of the project
);
CREATE INDEX issue_waits_by_project ON issue_waits (project_id);
CREATE INDEX issue_waits_by_time ON issue_waits (until);

-- Events on their way to another issue, or out: all counts are moved at once, the events themselves some at a time.
CREATE TABLE issue_moves (
    id       INTEGER PRIMARY KEY,
    from_id  BIGINT NOT NULL,                    -- the issue that their rows still name
    group_id BIGINT NOT NULL,                    -- 0: all of them
    to_id    BIGINT                              -- NULL: they are deleted
);
CREATE INDEX issue_moves_by_target ON issue_moves (to_id);

-- Counts up whenever rows were removed or changed that a collector may remember; see digest/writing/caches.rs.
CREATE TABLE cache_epoch (
    id    INTEGER PRIMARY KEY,
    epoch BIGINT NOT NULL
);
INSERT INTO cache_epoch (id, epoch) VALUES (1, 0);
