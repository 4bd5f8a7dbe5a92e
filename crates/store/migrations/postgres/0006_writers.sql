-- The servers that write. Whoever finds no other one here goes by what it knows itself for a moment; who is not here answers whoever
-- wrote a moment later. What is here without a server is harmless.
CREATE TABLE writers (
    id    bigint PRIMARY KEY,
    -- How long this holds, unless it is prolonged, by the database's clock.
    until timestamptz NOT NULL
);
