-- What goes, and who sees to it. Dialect and times as in 0001.

-- Projects that are given up: nobody sees them any more; their rows go little by little, and this one with the last.
CREATE TABLE deletions (
    project_id BIGINT PRIMARY KEY,
    asked_at   BIGINT NOT NULL
);

-- Work that one collector does for all: whoever holds it, and until when if nothing more is heard.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);

CREATE INDEX feedback_by_receipt ON feedback (received_at);
CREATE INDEX attachments_by_receipt ON attachments (received_at);
