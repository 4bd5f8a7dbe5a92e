-- The servers that write. Whoever finds no other one here goes by what it knows itself for a moment; so a server is here before its
-- first write, and what is here without a server is harmless.
CREATE TABLE writers (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- How long this holds, unless it is prolonged, by the database's clock.
    until timestamptz NOT NULL
);
