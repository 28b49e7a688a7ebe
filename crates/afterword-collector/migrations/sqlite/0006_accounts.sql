-- People, what they may, and how they sign in. Dialect and times as in 0001. Of what opens something (a link, a sign-in)
-- there is only the SHA-256, in hexadecimal.

CREATE TABLE users (
    id              INTEGER PRIMARY KEY,
    email           TEXT NOT NULL UNIQUE,        -- in lower case
    name            TEXT NOT NULL DEFAULT '',
    password        TEXT,                        -- Argon2id, in the PHC string format; NULL: cannot sign in
    created_at      BIGINT NOT NULL,
    last_sign_in_at BIGINT
);

-- Roles: owner, member, viewer.
CREATE TABLE members (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    user_id         BIGINT NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

-- Where a member's role in one project is another than in the organisation.
CREATE TABLE project_roles (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    user_id    BIGINT NOT NULL REFERENCES users (id),
    role       TEXT NOT NULL,
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX project_roles_by_user ON project_roles (user_id);

-- Links that make whoever opens them a member, once.
CREATE TABLE invitations (
    id              INTEGER PRIMARY KEY,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    email           TEXT NOT NULL,
    role            TEXT NOT NULL,
    hash            TEXT NOT NULL UNIQUE,
    invited_by      BIGINT,                      -- users.id; NULL: a token of the command line's
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    UNIQUE (organization_id, email)
);

-- Browsers in which somebody is signed in.
CREATE TABLE sign_ins (
    id         INTEGER PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,             -- of the cookie
    hash_before TEXT,                           -- the hash before the last rotation, for requests under way
    user_id    BIGINT NOT NULL REFERENCES users (id),
    csrf       TEXT NOT NULL,                    -- what a request that changes something shows besides the cookie
    client     TEXT NOT NULL,                    -- the browser, as it names itself
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);
CREATE INDEX sign_ins_by_hash_before ON sign_ins (hash_before) WHERE hash_before IS NOT NULL;
