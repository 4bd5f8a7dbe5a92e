-- Jobs: what is done beside requests and takes longer than a server may live. Of what people wrote there is nothing in them,
-- and no key of a provider.
CREATE TABLE jobs (
    -- A server of the version before removes users and knows nothing of their jobs.
    owner       integer  NOT NULL REFERENCES owners ON DELETE CASCADE,
    -- Without its prefix, as all ids. What was begun later sorts later.
    id          text COLLATE "C" NOT NULL,
    -- The key that began it; no key is the server's own or the command line.
    key         text COLLATE "C",
    -- 0 running, 1 done, 2 failed, 3 cancelled, 4 interrupted.
    state       smallint NOT NULL,
    -- Who reads: `rules`, or provider and model.
    reader      text     NOT NULL,
    -- Whether any server that has this reader can go on with it.
    resumable   boolean  NOT NULL,
    tool        text,
    namespace   text,
    total       bigint   NOT NULL,
    done        bigint   NOT NULL,
    skipped     bigint   NOT NULL,
    extracted   bigint   NOT NULL,
    error       text,
    created_at  bigint   NOT NULL,
    updated_at  bigint   NOT NULL,
    -- Which server is at work on it, until when others leave it alone (by the database's clock), and how often it was taken over
    -- since it last got on.
    server      text     NOT NULL,
    taken_until bigint   NOT NULL,
    attempts    integer  NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE INDEX jobs_running ON jobs (taken_until) WHERE state = 0;
CREATE INDEX jobs_ended ON jobs (updated_at) WHERE state <> 0;

-- The conversations of a job that runs: their ids in order, with a space between them, `-` for what can be no id. It is long and never
-- changes, so it stands beside the row that does.
CREATE TABLE job_conversations (
    owner         integer NOT NULL,
    id            text COLLATE "C" NOT NULL,
    conversations text    NOT NULL,
    PRIMARY KEY (owner, id),
    FOREIGN KEY (owner, id) REFERENCES jobs ON DELETE CASCADE
);

DO $$
DECLARE
    walled text;
    mine constant text := '(SELECT nullif(current_setting(''omp.owner'', true), '''')::integer) IN (0, owner)';
BEGIN
    FOREACH walled IN ARRAY ARRAY['jobs', 'job_conversations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
        EXECUTE format('CREATE POLICY own_rows ON %I USING (%s) WITH CHECK (%s)', walled, mine, mine);
    END LOOP;
END
$$;
