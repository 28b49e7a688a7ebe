-- Alerts. Dialect and times as in 0001.

-- What is to be told, when and where.
CREATE TABLE alert_rules (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again: messages name it
    organization_id BIGINT NOT NULL,
    project_id      BIGINT NOT NULL,             -- 0: all of the organisation
    name            TEXT NOT NULL,
    rule            TEXT NOT NULL,               -- JSON: when, if, then, how often
    enabled         BIGINT NOT NULL,
    muted_until     BIGINT,                      -- NULL: not muted; the largest number: for ever
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL
);
CREATE INDEX alert_rules_by_organization ON alert_rules (organization_id, project_id);

-- What a rule found out.
CREATE TABLE alert_firings (
    id         INTEGER PRIMARY KEY,
    rule_id    BIGINT NOT NULL,
    subject    TEXT NOT NULL,                    -- what it is about: an issue, a release, a transaction
    mark       TEXT NOT NULL,                    -- with rule and subject: never twice
    issue_id   BIGINT,
    fired_at   BIGINT NOT NULL,
    told       TEXT NOT NULL,                    -- sent, collected (for a summary), muted, cooling or test
    alert      TEXT NOT NULL                     -- JSON, see alerts/alert.rs
);
CREATE UNIQUE INDEX alert_firings_once ON alert_firings (rule_id, subject, mark);
CREATE INDEX alert_firings_by_rule ON alert_firings (rule_id, fired_at);
CREATE INDEX alert_firings_by_time ON alert_firings (fired_at);
CREATE INDEX alert_firings_by_issue ON alert_firings (issue_id) WHERE issue_id IS NOT NULL;

-- Each place where a firing is told.
CREATE TABLE alert_deliveries (
    id          INTEGER PRIMARY KEY,
    firing_id   BIGINT NOT NULL,
    rule_id     BIGINT NOT NULL,
    action      TEXT NOT NULL,                   -- JSON, see alerts/action.rs
    alert       TEXT NOT NULL,                   -- JSON of what is told here: the firing's, or a summary of several
    state       TEXT NOT NULL,                   -- waiting, sent or failed
    tries       BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,                 -- not tried before
    taken_until BIGINT,                          -- a collector is at it until then
    created_at  BIGINT NOT NULL,
    answered_at BIGINT,
    status      BIGINT,                          -- of HTTP or SMTP
    answer      TEXT,                            -- what the other side said, cut
    sent        TEXT,                            -- JSON of what was sent, without secrets
    reached     TEXT                             -- JSON: of several addresses those that have it
);
CREATE INDEX alert_deliveries_waiting ON alert_deliveries (state, next_at);
CREATE INDEX alert_deliveries_by_rule ON alert_deliveries (rule_id, id);
CREATE INDEX alert_deliveries_by_firing ON alert_deliveries (firing_id);

-- What the digest did that rules may care about, until they were asked. Written with what it did, and taken away with what
-- became of it.
CREATE TABLE alert_work (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    note     TEXT NOT NULL,                      -- JSON, see alerts/work.rs
    noted_at BIGINT NOT NULL
);

-- How it stands with a subject of a rule.
CREATE TABLE alert_states (
    rule_id    BIGINT NOT NULL,
    subject    TEXT NOT NULL,
    firings    BIGINT NOT NULL,                  -- how often it fired
    standing   BIGINT NOT NULL,                  -- 1: the bound was not kept again since then
    told_at    BIGINT,                           -- the last time that it was told: not cooling, and not muted
    muted      BIGINT NOT NULL,                  -- 1: nobody was told that it fired, since it was muted
    as_of      BIGINT NOT NULL,                  -- what came until then has had its effect
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (rule_id, subject)
);
CREATE INDEX alert_states_standing ON alert_states (standing, changed_at);

-- Summaries that are being collected.
CREATE TABLE alert_summaries (
    rule_id BIGINT PRIMARY KEY,
    due_at  BIGINT NOT NULL
);

-- How many messages a rule sent in the hour that began then.
CREATE TABLE alert_rates (
    rule_id  BIGINT PRIMARY KEY,
    since    BIGINT NOT NULL,
    messages BIGINT NOT NULL
);

-- Counts up whenever rules change, so that each collector reads them again.
CREATE TABLE alert_changes (
    id      INTEGER PRIMARY KEY,
    changes BIGINT NOT NULL
);
INSERT INTO alert_changes (id, changes) VALUES (1, 0);
