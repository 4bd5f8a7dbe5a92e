-- Times are milliseconds since 1970 UTC. Ids are stored without their prefix (`mem_`, `conv_`).
-- A row's `pk` is its owner's number in the upper bits and a number that is never used twice in the lower 40.
-- The owner leads every primary key, so the tables can be partitioned or distributed by owner.
-- What is compared or sorted as a text is so by its bytes (COLLATE "C"), whatever the database's locale.

CREATE TABLE settings (
    name  text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);

-- An owner is a user; a name is one user's. Who writes for an owner holds the lock of this row until the commit: so
-- the owner's changes become visible in the order of their numbers.
CREATE TABLE owners (
    owner      integer PRIMARY KEY,
    name       text COLLATE "C" NOT NULL UNIQUE,
    next_pk    bigint  NOT NULL DEFAULT 0,
    -- The number of the last change of this owner's memories.
    seq        bigint  NOT NULL DEFAULT 0,
    created_at bigint  NOT NULL,
    admin      boolean NOT NULL DEFAULT false
);

CREATE TABLE memories (
    owner         integer  NOT NULL,
    pk            bigint   NOT NULL,
    id            text COLLATE "C" NOT NULL,
    type          smallint NOT NULL,
    tool          text COLLATE "C" NOT NULL,
    session_id    text,
    user_id       text,
    observed_at   bigint   NOT NULL,
    namespace     text COLLATE "C",
    -- With a space between them.
    tags          text     NOT NULL,
    created_at    bigint   NOT NULL,
    updated_at    bigint   NOT NULL,
    expires_at    bigint,
    seq           bigint   NOT NULL,
    -- From when on another memory stands in its place, and which (its id).
    superseded_at bigint,
    superseded_by text COLLATE "C",
    -- JSON, as it was written.
    metadata      text     NOT NULL,
    content       text     NOT NULL,
    PRIMARY KEY (owner, pk)
);
CREATE UNIQUE INDEX memories_id ON memories (owner, id);
CREATE INDEX memories_seq ON memories (owner, seq);
CREATE INDEX memories_created ON memories (owner, created_at, id);
CREATE INDEX memories_updated ON memories (owner, updated_at, id);
CREATE INDEX memories_namespace ON memories (owner, namespace, created_at, id) WHERE namespace IS NOT NULL;
CREATE INDEX memories_tool ON memories (owner, tool, created_at, id);
CREATE INDEX memories_expiry ON memories (expires_at, owner) WHERE expires_at IS NOT NULL;
CREATE INDEX memories_superseded ON memories (owner, superseded_by) WHERE superseded_by IS NOT NULL;

-- The tags of each memory, in the order of lists.
CREATE TABLE memory_tags (
    owner      integer NOT NULL,
    tag        text COLLATE "C" NOT NULL,
    created_at bigint  NOT NULL,
    id         text COLLATE "C" NOT NULL,
    pk         bigint  NOT NULL,
    PRIMARY KEY (owner, tag, created_at, id)
);

-- How many memories have a tag, a namespace, a tool or a type; so that a total costs no scan. `words` counts tokens.
CREATE TABLE facets (
    owner integer NOT NULL,
    kind  text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    n     bigint  NOT NULL,
    PRIMARY KEY (owner, kind, value)
);

-- The words by which a memory is found, each with its owner in front, so that a search walks that owner's postings only;
-- `n` counts them. A word has as many positions as it occurs; they mean nothing else.
-- Row-level security does not stand before this table: the engine would not use the index behind it (matching is not
-- "leakproof" to it). What is read here are row numbers; the memories behind them are walled.
CREATE TABLE words (
    owner integer  NOT NULL,
    pk    bigint   NOT NULL,
    n     integer  NOT NULL,
    t     tsvector NOT NULL,
    PRIMARY KEY (owner, pk)
);
CREATE INDEX words_t ON words USING gin (t);

-- What a memory was before each of its changes, numbered from 1, and from when to when.
CREATE TABLE versions (
    owner      integer NOT NULL,
    pk         bigint  NOT NULL,
    version    bigint  NOT NULL,
    valid_from bigint  NOT NULL,
    valid_to   bigint  NOT NULL,
    -- The memory as JSON.
    memory     text    NOT NULL,
    PRIMARY KEY (owner, pk, version)
);

-- Little-endian f32. Supplied by a client; which model made it is not known.
CREATE TABLE embeddings (
    owner  integer NOT NULL,
    pk     bigint  NOT NULL,
    vector bytea   NOT NULL,
    PRIMARY KEY (owner, pk)
);

-- The models that memories are embedded with: at most two, the one that answers and the one that is being made ready.
CREATE TABLE vector_spaces (
    slot       smallint PRIMARY KEY CHECK (slot IN (0, 1)),
    name       text     NOT NULL,
    revision   text     NOT NULL,
    dimensions integer  NOT NULL,
    active     boolean  NOT NULL
);

-- The vectors of each space, little-endian f32, normalised; several windows of one text follow each other.
-- `seq` numbers them among the owner's changes.
CREATE TABLE vectors (
    owner  integer  NOT NULL,
    slot   smallint NOT NULL,
    pk     bigint   NOT NULL,
    seq    bigint   NOT NULL,
    vector bytea    NOT NULL,
    PRIMARY KEY (owner, slot, pk)
);
CREATE INDEX vectors_seq ON vectors (owner, slot, seq);
-- Random bytes do not become smaller.
ALTER TABLE vectors ALTER COLUMN vector SET STORAGE EXTERNAL;
ALTER TABLE embeddings ALTER COLUMN vector SET STORAGE EXTERNAL;

-- Memories that wait for their vector in a space, and until when a server that took one is left alone with it (by the
-- database's clock).
CREATE TABLE backlog (
    owner       integer  NOT NULL,
    slot        smallint NOT NULL,
    pk          bigint   NOT NULL,
    taken_until bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, slot, pk)
);
CREATE INDEX backlog_order ON backlog (slot, pk);

-- What was removed, for whoever follows the changes.
CREATE TABLE tombstones (
    owner      integer NOT NULL,
    seq        bigint  NOT NULL,
    id         text COLLATE "C" NOT NULL,
    pk         bigint  NOT NULL,
    deleted_at bigint  NOT NULL,
    PRIMARY KEY (owner, seq)
);

CREATE TABLE envelopes (
    owner      integer NOT NULL,
    envelope   bigint  GENERATED ALWAYS AS IDENTITY,
    format     text    NOT NULL,
    text       text    NOT NULL,
    created_at bigint  NOT NULL,
    PRIMARY KEY (owner, envelope)
);
-- A text is too long for an index; equal hashes are compared.
CREATE INDEX envelopes_text ON envelopes (owner, format, md5(text));

-- The untouched record that a memory was imported from.
CREATE TABLE originals (
    owner    integer NOT NULL,
    pk       bigint  NOT NULL,
    format   text    NOT NULL,
    envelope bigint,
    head     text COLLATE "C",
    raw      text,
    PRIMARY KEY (owner, pk)
);
CREATE INDEX originals_envelope ON originals (owner, envelope) WHERE envelope IS NOT NULL;

CREATE TABLE conversations (
    owner         integer NOT NULL,
    pk            bigint  NOT NULL,
    id            text COLLATE "C" NOT NULL,
    model         text COLLATE "C" NOT NULL,
    topic         text    NOT NULL,
    message_count integer NOT NULL,
    source_url    text,
    created_at    bigint  NOT NULL,
    updated_at    bigint  NOT NULL,
    -- JSON, and what the tool that it was imported from says of it.
    messages      text    NOT NULL,
    origin        text,
    -- The tool of the key that it was saved with.
    tool          text COLLATE "C",
    PRIMARY KEY (owner, pk)
);
CREATE UNIQUE INDEX conversations_id ON conversations (owner, id);
CREATE INDEX conversations_created ON conversations (owner, created_at, id);

CREATE TABLE keys (
    -- Without its prefix, as all ids. Keys that were revoked stay, for the audit.
    id                text COLLATE "C" PRIMARY KEY,
    owner             integer  NOT NULL REFERENCES owners,
    name              text     NOT NULL,
    -- SHA-256 of what clients send, and for a while of what they sent before it was changed.
    hash              bytea    NOT NULL,
    former_hash       bytea,
    former_until      bigint,
    -- 1 read, 2 write, 4 admin.
    scopes            smallint NOT NULL,
    tool              text,
    own_tool_only     boolean  NOT NULL,
    -- Patterns with a space between them.
    namespaces        text     NOT NULL,
    default_namespace text,
    created_at        bigint   NOT NULL,
    expires_at        bigint,
    revoked_at        bigint,
    last_used_at      bigint
);
CREATE INDEX keys_owner ON keys (owner);

CREATE TABLE shares (
    owner      integer NOT NULL REFERENCES owners,
    namespace  text COLLATE "C" NOT NULL,
    -- The user who sees the namespace too.
    guest      integer NOT NULL REFERENCES owners,
    may_write  boolean NOT NULL,
    created_at bigint  NOT NULL,
    PRIMARY KEY (owner, namespace, guest)
);
CREATE INDEX shares_guest ON shares (guest);

-- What was done and by whom, never what it said. Only ever appended to.
CREATE TABLE audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     bigint   NOT NULL,
    -- The user who acted, and the id of the key; no key is the server's own key or the command line.
    actor  integer  NOT NULL,
    key    text COLLATE "C",
    action smallint NOT NULL,
    -- The id of the one thing that it was about, and how many things.
    target text,
    n      bigint   NOT NULL
);

-- The second wall. The program names the owner in every query; and it tells the database on whose behalf a transaction
-- runs (`omp.owner`; 0 is upkeep that belongs to nobody), so that a query that forgets its condition sees and writes the
-- rows of that owner only, and none at all if nothing was told. FORCE: the tables' owner is walled in as well.
DO $$
DECLARE
    walled text;
    mine constant text := '(SELECT nullif(current_setting(''omp.owner'', true), '''')::integer) IN (0, owner)';
BEGIN
    FOREACH walled IN ARRAY ARRAY['memories', 'memory_tags', 'facets', 'versions', 'embeddings', 'vectors', 'backlog',
                                  'tombstones', 'envelopes', 'originals', 'conversations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
        EXECUTE format('CREATE POLICY own_rows ON %I USING (%s) WITH CHECK (%s)', walled, mine, mine);
    END LOOP;
END
$$;
