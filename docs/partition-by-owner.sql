-- Divides the large tables of an Open Memory database by owner: a search, a list or a write then touches one part of each table and
-- its indices, parts can lie on disks of their own, and upkeep (VACUUM, REINDEX) goes part by part.
--
--   psql "$OMP_DATABASE_URL" -c 'SET omp.partitions = 16' -f partition-by-owner.sql
--
-- All servers must be stopped meanwhile, and a backup is advisable. It runs in one transaction: it happens as a whole or not at all. It
-- takes as long as copying the tables and making their indices, and needs twice their space. Starting servers again is all that
-- is left to do; migrations of later versions apply to divided tables as well.
DO $$
DECLARE
    parts constant integer := current_setting('omp.partitions')::integer;
    divided text;
    made text[];
    keys text[];
    links text[];
    walls text[];
    statement text;
    name text;
BEGIN
    IF parts NOT BETWEEN 2 AND 1024 THEN
        RAISE EXCEPTION 'omp.partitions is %, which is not from 2 to 1024', parts;
    END IF;
    -- Upkeep sees the rows of all owners.
    PERFORM set_config('omp.owner', '0', true);
    FOREACH divided IN ARRAY ARRAY['memories', 'memory_tags', 'words', 'versions', 'embeddings', 'vectors', 'tombstones', 'originals',
                                   'conversation_words'] LOOP
        IF (SELECT relkind FROM pg_class WHERE oid = divided::regclass) <> 'r' THEN
            RAISE EXCEPTION 'the table % is divided already', divided;
        END IF;
        -- What belongs to the table, as statements that make it anew.
        SELECT coalesce(array_agg(pg_get_indexdef(indexrelid)), '{}') INTO made
            FROM pg_index WHERE indrelid = divided::regclass AND NOT indisprimary;
        SELECT array_agg(format('ALTER TABLE %I ADD CONSTRAINT %I %s', divided, conname, pg_get_constraintdef(oid))) INTO keys
            FROM pg_constraint WHERE conrelid = divided::regclass AND contype = 'p';
        SELECT coalesce(array_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))), '{}')
            INTO links FROM pg_constraint WHERE confrelid = divided::regclass AND contype = 'f';
        SELECT coalesce(array_agg(format('CREATE POLICY %I ON %I USING (%s) WITH CHECK (%s)', polname, divided,
                                         pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))), '{}')
            INTO walls FROM pg_policy WHERE polrelid = divided::regclass;
        FOR statement IN SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
            FROM pg_constraint WHERE confrelid = divided::regclass AND contype = 'f' LOOP
            EXECUTE statement;
        END LOOP;

        EXECUTE format('ALTER TABLE %I RENAME TO %I', divided, divided || '_whole');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) PARTITION BY HASH (owner)',
                       divided, divided || '_whole');
        FOR part IN 0..parts - 1 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                           divided || '_' || part, divided, parts, part);
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', divided, divided || '_whole');
        -- With it go its indices, whose names are free then.
        EXECUTE format('DROP TABLE %I', divided || '_whole');
        FOREACH statement IN ARRAY keys || made || links LOOP
            EXECUTE statement;
        END LOOP;
        IF walls <> '{}' THEN
            -- Also of the parts, for whoever asks one by its name.
            FOR name IN SELECT divided UNION ALL SELECT divided || '_' || part FROM generate_series(0, parts - 1) AS part LOOP
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
                EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
                FOREACH statement IN ARRAY walls LOOP
                    EXECUTE replace(statement, format('ON %I ', divided), format('ON %I ', name));
                END LOOP;
            END LOOP;
        END IF;
    END LOOP;
END
$$;
