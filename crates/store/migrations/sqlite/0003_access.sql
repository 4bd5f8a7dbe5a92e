-- Who may see what: users, their keys, what they share, and the record of what was done.

-- An owner is a user; a name is one user's.
ALTER TABLE owners ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
UPDATE owners SET admin = 1 WHERE owner = 1;
CREATE UNIQUE INDEX owners_name ON owners (name);

-- The tool of the key that a conversation was saved with.
ALTER TABLE conversations ADD COLUMN tool TEXT;

CREATE TABLE keys (
    -- Without its prefix, as all ids. Keys that were revoked stay, for the audit.
    id                TEXT    PRIMARY KEY,
    owner             INTEGER NOT NULL REFERENCES owners,
    name              TEXT    NOT NULL,
    -- SHA-256 of what clients send, and for a while of what they sent before it was changed.
    hash              BLOB    NOT NULL,
    former_hash       BLOB,
    former_until      INTEGER,
    -- 1 read, 2 write, 4 admin.
    scopes            INTEGER NOT NULL,
    tool              TEXT,
    own_tool_only     INTEGER NOT NULL,
    -- Patterns with a space between them.
    namespaces        TEXT    NOT NULL,
    default_namespace TEXT,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER,
    revoked_at        INTEGER,
    last_used_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_owner ON keys (owner);

CREATE TABLE shares (
    owner      INTEGER NOT NULL REFERENCES owners,
    namespace  TEXT    NOT NULL,
    -- The user who sees the namespace too.
    user       INTEGER NOT NULL REFERENCES owners,
    may_write  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, namespace, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX shares_user ON shares (user);

-- What was done and by whom, never what it said. Only ever appended to, so a write costs one small row at the end.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    -- The user who acted, and the id of the key; no key is the server's own key or the command line at the file.
    user   INTEGER NOT NULL,
    key    TEXT,
    action INTEGER NOT NULL,
    -- The id of the one thing that it was about, and how many things.
    target TEXT,
    n      INTEGER NOT NULL
) STRICT;
