-- Release health, traces, and what clients say they discarded. Dialect and times as in 0001; `_us` are microseconds.

-- Release health: one row a session, as its updates leave it. '' where a text is not known, so that it can be a key.
CREATE TABLE sessions (
    project_id  BIGINT NOT NULL,
    sid         TEXT NOT NULL,                   -- 32 lower-case hexadecimal digits
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    did         TEXT NOT NULL,                   -- whose it was: hashed with a secret
    status      TEXT NOT NULL,                   -- ok, exited, crashed, abnormal
    errors      BIGINT NOT NULL,
    mechanism   TEXT NOT NULL,                   -- of an abnormal end
    started_at  BIGINT NOT NULL,
    duration_ms BIGINT,
    seq         BIGINT NOT NULL,                 -- this and the next: of the update that the row shows
    updated_at  BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, sid)
);
CREATE INDEX sessions_by_start ON sessions (project_id, started_at, release, environment, did, status, errors);

-- Sessions that clients counted themselves, by the minute in which they started. A session is in one of the four.
CREATE TABLE session_aggregates (
    project_id  BIGINT NOT NULL,
    started_at  BIGINT NOT NULL,
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    did         TEXT NOT NULL,
    exited      BIGINT NOT NULL,
    errored     BIGINT NOT NULL,
    abnormal    BIGINT NOT NULL,
    crashed     BIGINT NOT NULL,
    PRIMARY KEY (project_id, started_at, release, environment, did)
);

-- Items that only add to counts and came in an envelope with an id: what came again is not counted again.
CREATE TABLE counted_items (
    project_id  BIGINT NOT NULL,
    item_key    TEXT NOT NULL,                   -- SHA-256 of the envelope's id and the item
    received_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, item_key)
);

-- What figures of release health are made of. A session is at most one of crashed, abnormal and errored.
CREATE VIEW session_figures AS
SELECT project_id, release, environment, did, started_at, 1 AS sessions,
    CASE WHEN status = 'crashed' THEN 1 ELSE 0 END AS crashed,
    CASE WHEN status = 'abnormal' THEN 1 ELSE 0 END AS abnormal,
    CASE WHEN status <> 'crashed' AND status <> 'abnormal' AND errors > 0 THEN 1 ELSE 0 END AS errored
FROM sessions
UNION ALL
SELECT project_id, release, environment, did, started_at, exited + errored + abnormal + crashed AS sessions,
    crashed, abnormal, errored
FROM session_aggregates;

-- Transactions. Their spans, the one that is the transaction itself included, are rows of spans.
CREATE TABLE transactions (
    id          INTEGER PRIMARY KEY,
    project_id  BIGINT NOT NULL,
    event_id    TEXT NOT NULL,
    trace_id    TEXT,                            -- NULL if it said none: it has no spans then
    span_id     TEXT,
    name        TEXT NOT NULL,
    started_us  BIGINT NOT NULL,
    ended_us    BIGINT NOT NULL,
    spans_cut   BIGINT NOT NULL,                 -- spans beyond the bound or without an id, in raw only
    received_at BIGINT NOT NULL,
    raw         BLOB NOT NULL,                   -- the payload, byte for byte as it came
    UNIQUE (project_id, event_id)
);

-- Spans, of transactions and such that came alone. Ids are 32 (trace) and 16 lower-case hexadecimal digits.
CREATE TABLE spans (
    project_id     BIGINT NOT NULL,
    trace_id       TEXT NOT NULL,
    span_id        TEXT NOT NULL,
    parent_span_id TEXT,
    event_id       TEXT,                         -- of the transaction it came in
    is_segment     BIGINT NOT NULL,             -- the transaction's own, or the first of its process
    name           TEXT NOT NULL,
    op             TEXT,
    status         TEXT,
    release        TEXT,
    environment    TEXT,
    started_us     BIGINT NOT NULL,
    ended_us       BIGINT NOT NULL,
    received_at    BIGINT NOT NULL,
    raw            TEXT,                         -- of one that came alone, if it is not too long
    PRIMARY KEY (project_id, trace_id, span_id)
);
CREATE INDEX spans_by_trace ON spans (trace_id, started_us);

-- What clients did not send, and why, by the day (its first millisecond) of the report.
CREATE TABLE client_discards (
    project_id BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    category   TEXT NOT NULL,
    quantity   BIGINT NOT NULL,
    PRIMARY KEY (project_id, day, reason, category)
);
