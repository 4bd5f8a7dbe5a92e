-- Finding conversations.

-- A conversation is several entries: its topic (0), then each turn. As before the words of memories, row-level security
-- does not stand before this table; the conversations behind it are walled. The positions of words are left out: what
-- counts is in how many entries a word stands.
CREATE TABLE conversation_words (
    owner integer  NOT NULL,
    pk    bigint   NOT NULL,
    entry integer  NOT NULL,
    t     tsvector NOT NULL,
    PRIMARY KEY (owner, pk, entry)
);
CREATE INDEX conversation_words_t ON conversation_words USING gin (t);

-- How many conversations an owner has, and their entries.
CREATE TABLE conversation_totals (
    owner         integer PRIMARY KEY,
    conversations bigint  NOT NULL,
    entries       bigint  NOT NULL
);
INSERT INTO conversation_totals (owner, conversations, entries)
    SELECT owner, count(*), sum(message_count + 1) FROM conversations GROUP BY owner;

-- The vectors of a conversation's passages in a space, little-endian f32, normalised, one after the other; `turns` has for
-- each of them the turn that it begins with, little-endian u16. `seq` numbers them among the owner's changes.
CREATE TABLE conversation_vectors (
    owner  integer  NOT NULL,
    slot   smallint NOT NULL,
    pk     bigint   NOT NULL,
    seq    bigint   NOT NULL,
    turns  bytea    NOT NULL,
    vector bytea    NOT NULL,
    PRIMARY KEY (owner, slot, pk)
);
CREATE INDEX conversation_vectors_seq ON conversation_vectors (owner, slot, seq);
ALTER TABLE conversation_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;

-- Conversations that wait: for their vectors in a space (0, 1), or for their words (2); and until when a server that took
-- one is left alone with it (by the database's clock).
CREATE TABLE conversation_backlog (
    owner       integer  NOT NULL,
    what        smallint NOT NULL,
    pk          bigint   NOT NULL,
    taken_until bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, what, pk)
);
CREATE INDEX conversation_backlog_order ON conversation_backlog (what, pk);

-- What belongs to a conversation goes with it, and what comes in waits: also when a server of the version before is at
-- work, which knows nothing of these tables.
CREATE FUNCTION conversation_comes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_backlog (owner, what, pk)
        SELECT NEW.owner, 2, NEW.pk UNION ALL SELECT NEW.owner, slot, NEW.pk FROM vector_spaces;
    INSERT INTO conversation_totals AS t (owner, conversations, entries) VALUES (NEW.owner, 1, NEW.message_count + 1)
        ON CONFLICT (owner) DO UPDATE SET conversations = t.conversations + 1, entries = t.entries + excluded.entries;
    RETURN NULL;
END
$$;
CREATE FUNCTION conversation_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM conversation_words WHERE owner = OLD.owner AND pk = OLD.pk;
    DELETE FROM conversation_vectors WHERE owner = OLD.owner AND slot IN (0, 1) AND pk = OLD.pk;
    DELETE FROM conversation_backlog WHERE owner = OLD.owner AND what IN (0, 1, 2) AND pk = OLD.pk;
    UPDATE conversation_totals SET conversations = conversations - 1, entries = entries - OLD.message_count - 1
        WHERE owner = OLD.owner;
    RETURN NULL;
END
$$;
CREATE TRIGGER conversation_comes AFTER INSERT ON conversations FOR EACH ROW EXECUTE FUNCTION conversation_comes();
CREATE TRIGGER conversation_goes AFTER DELETE ON conversations FOR EACH ROW EXECUTE FUNCTION conversation_goes();
-- Handed over to another owner, a conversation is another row with the same text.
CREATE TRIGGER conversation_leaves AFTER UPDATE OF owner, pk ON conversations
    FOR EACH ROW WHEN (OLD.pk <> NEW.pk) EXECUTE FUNCTION conversation_goes();
CREATE TRIGGER conversation_moves AFTER UPDATE OF owner, pk ON conversations
    FOR EACH ROW WHEN (OLD.pk <> NEW.pk) EXECUTE FUNCTION conversation_comes();

INSERT INTO conversation_backlog (owner, what, pk) SELECT owner, 2, pk FROM conversations;
INSERT INTO conversation_backlog (owner, what, pk) SELECT c.owner, s.slot, c.pk FROM vector_spaces AS s, conversations AS c;

DO $$
DECLARE
    walled text;
    mine constant text := '(SELECT nullif(current_setting(''omp.owner'', true), '''')::integer) IN (0, owner)';
BEGIN
    FOREACH walled IN ARRAY ARRAY['conversation_totals', 'conversation_vectors', 'conversation_backlog'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
        EXECUTE format('CREATE POLICY own_rows ON %I USING (%s) WITH CHECK (%s)', walled, mine, mine);
    END LOOP;
END
$$;
