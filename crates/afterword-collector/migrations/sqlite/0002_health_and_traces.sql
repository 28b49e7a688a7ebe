-- Release health, traces, performance, and what clients say they discarded. Dialect and times as in 0001; `_us` are
-- microseconds.

-- Release health: one row a session, as its updates leave it. '' where a text is not known, so that it can be a key.
CREATE TABLE sessions (
    project_id  BIGINT NOT NULL,
    sid         TEXT NOT NULL,                   -- 32 lower-case hexadecimal digits
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    did         TEXT NOT NULL,                   -- whose it was: hashed with a secret
    person      BIGINT NOT NULL,                 -- the first 60 bits of that; 0: not known
    status      TEXT NOT NULL,                   -- ok, exited, crashed, abnormal
    errors      BIGINT NOT NULL,
    mechanism   TEXT NOT NULL,                   -- of an abnormal end
    started_at  BIGINT NOT NULL,
    duration_ms BIGINT,
    seq         BIGINT NOT NULL,                 -- this and the next: of the update that the row shows
    updated_at  BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    updates     BIGINT NOT NULL,                 -- 1: there was nothing before
    PRIMARY KEY (project_id, sid)
);
CREATE INDEX sessions_by_start ON sessions (project_id, started_at, release, environment, person, status, errors);
CREATE INDEX sessions_by_person ON sessions (person) WHERE person <> 0;

-- Sessions that clients counted themselves, by the minute in which they started. A session is in one of the four.
CREATE TABLE session_aggregates (
    project_id  BIGINT NOT NULL,
    started_at  BIGINT NOT NULL,
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    person      BIGINT NOT NULL,
    exited      BIGINT NOT NULL,
    errored     BIGINT NOT NULL,
    abnormal    BIGINT NOT NULL,
    crashed     BIGINT NOT NULL,
    PRIMARY KEY (project_id, started_at, release, environment, person)
);
CREATE INDEX session_aggregates_by_person ON session_aggregates (person) WHERE person <> 0;

-- Items that only add to counts and came in an envelope with an id: what came again is not counted again.
CREATE TABLE counted_items (
    project_id  BIGINT NOT NULL,
    item_key    TEXT NOT NULL,                   -- SHA-256 of the envelope's id and the item
    received_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, item_key)
);
CREATE INDEX counted_items_by_receipt ON counted_items (project_id, received_at);

-- What figures of release health are made of. A session is at most one of crashed, abnormal and errored.
CREATE VIEW session_figures AS
SELECT project_id, release, environment, person, started_at, 1 AS sessions,
    CASE WHEN status = 'crashed' THEN 1 ELSE 0 END AS crashed,
    CASE WHEN status = 'abnormal' THEN 1 ELSE 0 END AS abnormal,
    CASE WHEN status <> 'crashed' AND status <> 'abnormal' AND errors > 0 THEN 1 ELSE 0 END AS errored
FROM sessions
UNION ALL
SELECT project_id, release, environment, person, started_at, exited + errored + abnormal + crashed AS sessions,
    crashed, abnormal, errored
FROM session_aggregates;

-- The same by the hour in which they started, and for those whose person is known by the day and the person. Kept exact
-- while sessions change.
CREATE TABLE session_hours (
    project_id  BIGINT NOT NULL,
    hour        BIGINT NOT NULL,
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    sessions    BIGINT NOT NULL,
    crashed     BIGINT NOT NULL,
    abnormal    BIGINT NOT NULL,
    errored     BIGINT NOT NULL,
    PRIMARY KEY (project_id, hour, release, environment)
) WITHOUT ROWID;
CREATE TABLE session_days (
    project_id  BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    person      BIGINT NOT NULL,
    sessions    BIGINT NOT NULL,
    crashed     BIGINT NOT NULL,
    abnormal    BIGINT NOT NULL,
    errored     BIGINT NOT NULL,
    PRIMARY KEY (project_id, day, release, environment, person)
) WITHOUT ROWID;
CREATE INDEX session_days_by_person ON session_days (person);

-- Transactions. Their spans, the one that is the transaction itself included, are rows of spans.
CREATE TABLE transactions (
    id          INTEGER PRIMARY KEY,
    project_id  BIGINT NOT NULL,
    event_id    TEXT NOT NULL,
    trace_id    TEXT,                            -- NULL if it said none: it has no spans then
    span_id     TEXT,
    name        TEXT NOT NULL,
    user_key    TEXT,                            -- as in events
    started_us  BIGINT NOT NULL,
    ended_us    BIGINT NOT NULL,
    spans_cut   BIGINT NOT NULL,                 -- spans beyond the bound or without an id, in raw only
    received_at BIGINT NOT NULL,
    raw         BLOB NOT NULL,                   -- the payload, byte for byte as it came, compressed with zstd
    UNIQUE (project_id, event_id)
);
CREATE INDEX transactions_by_receipt ON transactions (project_id, received_at);
CREATE INDEX transactions_by_user ON transactions (user_key) WHERE user_key IS NOT NULL;

-- Spans, of transactions and such that came alone. Ids are 32 (trace) and 16 lower-case hexadecimal digits.
CREATE TABLE spans (
    trace_id       TEXT NOT NULL,
    span_id        TEXT NOT NULL,
    project_id     BIGINT NOT NULL,
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
    PRIMARY KEY (trace_id, span_id, project_id)
);
CREATE INDEX spans_by_receipt ON spans (project_id, received_at);
-- The slowest of a name.
CREATE INDEX segments_by_name ON spans (project_id, name, (ended_us - started_us), ended_us) WHERE is_segment = 1;

-- Figures of transactions by name, for each hour and each day in which they ended. `<other>`: beyond the bound on how many
-- different there may be in an hour.
CREATE TABLE transaction_figures (
    project_id   BIGINT NOT NULL,
    width        BIGINT NOT NULL,                -- hours: 1 or 24
    hour         BIGINT NOT NULL,                -- the first of them
    name         TEXT NOT NULL,
    release      TEXT NOT NULL,
    environment  TEXT NOT NULL,
    op           TEXT NOT NULL,                  -- of the newest
    transactions BIGINT NOT NULL,
    failed       BIGINT NOT NULL,
    durations    BLOB NOT NULL,                  -- in microseconds; see performance/histogram.rs
    writes       BIGINT NOT NULL,
    PRIMARY KEY (project_id, width, hour, name, release, environment)
);

-- The same of spans inside transactions, by what they did. With the slowest of each.
CREATE TABLE span_figures (
    project_id BIGINT NOT NULL,
    width      BIGINT NOT NULL,
    hour       BIGINT NOT NULL,
    op         TEXT NOT NULL,
    name       TEXT NOT NULL,
    spans      BIGINT NOT NULL,
    total_us   BIGINT NOT NULL,
    max_us     BIGINT NOT NULL,
    trace_id   TEXT NOT NULL,                    -- this and the next: of the slowest
    span_id    TEXT NOT NULL,
    PRIMARY KEY (project_id, width, hour, op, name)
);

-- What clients did not send, and why, by the day (its first millisecond) of the report.
CREATE TABLE client_discards (
    project_id BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    category   TEXT NOT NULL,
    quantity   BIGINT NOT NULL,
    PRIMARY KEY (project_id, day, reason, category)
);
