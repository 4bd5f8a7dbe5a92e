-- Jobs: what is done beside requests and takes longer than a server may live. Of what people wrote there is nothing in them,
-- and no key of a provider.
CREATE TABLE jobs (
    owner       INTEGER NOT NULL REFERENCES owners ON DELETE CASCADE,
    -- Without its prefix, as all ids. What was begun later sorts later.
    id          TEXT    NOT NULL,
    -- The key that began it; no key is the server's own or the command line.
    key         TEXT,
    -- 0 running, 1 done, 2 failed, 3 cancelled, 4 interrupted.
    state       INTEGER NOT NULL,
    -- Who reads: `rules`, or provider and model.
    reader      TEXT    NOT NULL,
    -- Whether any server that has this reader can go on with it.
    resumable   INTEGER NOT NULL,
    tool        TEXT,
    namespace   TEXT,
    total       INTEGER NOT NULL,
    done        INTEGER NOT NULL,
    skipped     INTEGER NOT NULL,
    extracted   INTEGER NOT NULL,
    error       TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    -- Which server is at work on it, until when others leave it alone, and how often it was taken over since it last got on.
    server      TEXT    NOT NULL,
    taken_until INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_running ON jobs (taken_until) WHERE state = 0;
CREATE INDEX jobs_ended ON jobs (updated_at) WHERE state <> 0;

-- The conversations of a job that runs: their ids in order, with a space between them, `-` for what can be no id. It is long and never
-- changes, so it stands beside the row that does.
CREATE TABLE job_conversations (
    owner         INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    conversations TEXT    NOT NULL,
    PRIMARY KEY (owner, id),
    FOREIGN KEY (owner, id) REFERENCES jobs ON DELETE CASCADE
) STRICT;
