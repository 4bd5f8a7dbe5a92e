-- Where the database has pgvector, what it searches (`vector_windows`) is made from `vectors` and kept beside it; see
-- postgres/pgvector.rs. A row says here whether its windows are there: a server without the extension leaves it false, and one with
-- it makes up for that.
ALTER TABLE vectors ADD COLUMN windowed boolean NOT NULL DEFAULT false;
CREATE INDEX vectors_unwindowed ON vectors (owner, slot, pk) WHERE NOT windowed;
