-- What goes, and who sees to it. Dialect and times as in 0001.

-- Projects that are given up: nobody sees them any more; their rows go little by little, and this one with the last.
CREATE TABLE deletions (
    project_id BIGINT PRIMARY KEY,
    asked_at   BIGINT NOT NULL
);

-- Work that one collector does for all: whoever holds it, and until when if nothing more is heard.
CREATE TABLE leases (
    name    TEXT PRIMARY KEY,
    holder  TEXT NOT NULL,
    until   BIGINT NOT NULL,
    done_at BIGINT                               -- when the work was last done to its end
);
