-- Debug files: one row for each object in a file that was uploaded. The file is a blob, named by its SHA-1.
CREATE TABLE debug_files (
    id           INTEGER PRIMARY KEY,
    project_id   BIGINT NOT NULL,
    sha1         TEXT NOT NULL,
    object_index BIGINT NOT NULL,                -- which one of the file
    debug_id     TEXT NOT NULL,
    code_id      TEXT,
    format       TEXT NOT NULL,                  -- elf, macho, pe, pdb, breakpad, sourcebundle
    kind         TEXT NOT NULL,                  -- exe, lib, dbg, src
    arch         TEXT NOT NULL,
    features     TEXT NOT NULL,                  -- of symtab, debug, unwind, sources, with spaces between
    name         TEXT NOT NULL,
    size_bytes   BIGINT NOT NULL,
    blob         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    UNIQUE (project_id, sha1, object_index)
);
CREATE INDEX debug_files_by_debug_id ON debug_files (project_id, debug_id);
CREATE INDEX debug_files_by_code_id ON debug_files (project_id, code_id);
CREATE INDEX debug_files_by_blob ON debug_files (blob);

-- Pieces of files that are being uploaded to an organisation: blobs, named by their SHA-1. Gone once their file is put
-- together, or after a day.
CREATE TABLE chunks (
    organization_id BIGINT NOT NULL,
    sha1            TEXT NOT NULL,
    size_bytes      BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, sha1)
);

-- Files that are being put together, or could not be.
CREATE TABLE assemblies (
    project_id BIGINT NOT NULL,
    sha1       TEXT NOT NULL,
    error      TEXT,                             -- NULL: it is being worked on
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, sha1)
);

-- Modules of crashes for which there was no debug file, and the events that lacked them. '' stands for no id or release.
CREATE TABLE missing_symbols (
    id         INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    release    TEXT NOT NULL,
    debug_id   TEXT NOT NULL,
    code_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    in_app     BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    UNIQUE (project_id, release, debug_id, code_id, name)
);
CREATE INDEX missing_symbols_by_debug_id ON missing_symbols (project_id, debug_id);
CREATE TABLE missing_symbol_events (
    missing_id BIGINT NOT NULL,
    event_row  BIGINT NOT NULL,
    PRIMARY KEY (missing_id, event_row)
);
CREATE INDEX missing_symbol_events_by_event ON missing_symbol_events (event_row);

-- Events to digest again, since there are symbols for them now.
CREATE TABLE digest_again (
    event_row BIGINT PRIMARY KEY,
    tries     BIGINT NOT NULL DEFAULT 0,
    due_at    BIGINT NOT NULL
);
CREATE INDEX digest_again_by_time ON digest_again (due_at);

-- What symbol servers elsewhere did not have: not asked for again before its time.
CREATE TABLE symbol_misses (
    url      TEXT PRIMARY KEY,
    until_at BIGINT NOT NULL
);
