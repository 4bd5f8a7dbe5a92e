-- Times are milliseconds since 1970 UTC. Ids are stored without their prefix (`mem_`, `conv_`).
-- A row's `pk` is its owner's number in the upper bits and a number that is never used twice in the lower 40:
-- so the rows, postings and entries of one owner are neighbours, and a range of `pk` is an owner.

CREATE TABLE owners (
    owner      INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    next_pk    INTEGER NOT NULL,
    -- The number of the last change of this owner's memories.
    seq        INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memories (
    pk          INTEGER PRIMARY KEY,
    owner       INTEGER NOT NULL REFERENCES owners,
    id          TEXT    NOT NULL,
    type        INTEGER NOT NULL,
    tool        TEXT    NOT NULL,
    session_id  TEXT,
    user_id     TEXT,
    observed_at INTEGER NOT NULL,
    namespace   TEXT,
    tags        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    seq         INTEGER NOT NULL,
    -- From when on another memory stands in its place, and which (its id).
    superseded_at INTEGER,
    superseded_by TEXT,
    metadata    TEXT    NOT NULL,
    content     TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX memories_id ON memories (owner, id);
CREATE INDEX memories_seq ON memories (owner, seq);
CREATE INDEX memories_expiry ON memories (expires_at, owner) WHERE expires_at IS NOT NULL;
CREATE INDEX memories_superseded ON memories (owner, superseded_by) WHERE superseded_by IS NOT NULL;

-- What a memory was before each of its changes, numbered from 1, and from when to when.
CREATE TABLE versions (
    pk         INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to   INTEGER NOT NULL,
    -- The memory as JSON.
    memory     TEXT    NOT NULL,
    PRIMARY KEY (pk, version)
) STRICT, WITHOUT ROWID;

-- A facet is something that lists are filtered by: a tag, a namespace, a tool or a type of one owner.
-- `n` counts its memories, so that a total costs no scan. Every memory has the facets 'all' and 'updated'.
CREATE TABLE facets (
    facet INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL REFERENCES owners,
    kind  TEXT    NOT NULL,
    value TEXT    NOT NULL,
    n     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, kind, value)
) STRICT;

-- Which memories have a facet, in the order of lists: by creation, in the facet 'updated' by the last change.
-- `expires_at` lets a deep page be counted off without touching the rows.
CREATE TABLE facet_entries (
    owner      INTEGER NOT NULL,
    facet      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    pk         INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (owner, facet, at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE embeddings (
    pk     INTEGER PRIMARY KEY,
    -- Little-endian f32. Supplied by a client; which model made it is not known.
    vector BLOB NOT NULL
) STRICT;

-- The models that memories are embedded with: at most two, the one that answers and the one that is being made ready.
CREATE TABLE vector_spaces (
    slot       INTEGER PRIMARY KEY CHECK (slot IN (0, 1)),
    name       TEXT    NOT NULL,
    revision   TEXT    NOT NULL,
    dimensions INTEGER NOT NULL,
    active     INTEGER NOT NULL
) STRICT;

-- The vectors of each space, little-endian f32, normalised; several windows of one text follow each other.
-- `seq` numbers them among the owner's changes.
CREATE TABLE vectors_0 (
    pk     INTEGER PRIMARY KEY,
    owner  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    vector BLOB    NOT NULL
) STRICT;
CREATE INDEX vectors_0_seq ON vectors_0 (owner, seq);
CREATE TABLE vectors_1 (
    pk     INTEGER PRIMARY KEY,
    owner  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    vector BLOB    NOT NULL
) STRICT;
CREATE INDEX vectors_1_seq ON vectors_1 (owner, seq);

-- Memories that wait for their vector in a space.
CREATE TABLE backlog (
    slot INTEGER NOT NULL,
    pk   INTEGER NOT NULL,
    PRIMARY KEY (slot, pk)
) STRICT, WITHOUT ROWID;

-- What was removed, for whoever follows the changes.
CREATE TABLE tombstones (
    owner      INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    pk         INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL,
    PRIMARY KEY (owner, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE envelopes (
    envelope   INTEGER PRIMARY KEY,
    owner      INTEGER NOT NULL REFERENCES owners,
    format     TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX envelopes_text ON envelopes (owner, format, text);

-- The untouched record that a memory was imported from.
CREATE TABLE originals (
    pk       INTEGER PRIMARY KEY,
    format   TEXT NOT NULL,
    envelope INTEGER REFERENCES envelopes,
    head     TEXT,
    raw      TEXT
) STRICT;
CREATE INDEX originals_envelope ON originals (envelope) WHERE envelope IS NOT NULL;

CREATE TABLE conversations (
    pk            INTEGER PRIMARY KEY,
    owner         INTEGER NOT NULL REFERENCES owners,
    id            TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    topic         TEXT    NOT NULL,
    message_count INTEGER NOT NULL,
    source_url    TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    messages      TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX conversations_id ON conversations (owner, id);
CREATE INDEX conversations_created ON conversations (owner, created_at, id, model);
