-- Finding conversations. The word index itself (`conversation_words`, FTS5) is derived and made by code.

-- What searches need to know of a conversation that is in the word index: its own row is as long as its turns. Its entries are
-- its topic and its turns.
CREATE TABLE conversation_heads (
    conversation INTEGER PRIMARY KEY,
    entries      INTEGER NOT NULL,
    model        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    tool         TEXT
) STRICT;

-- How many conversations of an owner are in the word index, and their entries.
CREATE TABLE conversation_totals (
    owner         INTEGER PRIMARY KEY,
    conversations INTEGER NOT NULL,
    entries       INTEGER NOT NULL
) STRICT;

-- The vectors of a conversation's passages in a space, little-endian f32, normalised, one after the other; `turns` has for
-- each of them the turn that it begins with, little-endian u16. `seq` numbers them among the owner's changes.
CREATE TABLE conversation_vectors (
    slot         INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    owner        INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    turns        BLOB    NOT NULL,
    vector       BLOB    NOT NULL,
    PRIMARY KEY (slot, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_vectors_seq ON conversation_vectors (slot, owner, seq);

-- Conversations that wait: for their vectors in a space (0, 1), or for their words (2).
CREATE TABLE conversation_backlog (
    what         INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    PRIMARY KEY (what, conversation)
) STRICT, WITHOUT ROWID;
INSERT INTO conversation_backlog (what, conversation) SELECT 2, pk FROM conversations;
INSERT INTO conversation_backlog (what, conversation) SELECT s.slot, c.pk FROM vector_spaces AS s, conversations AS c;
