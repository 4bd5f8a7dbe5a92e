-- How often keys have asked and addresses have brought wrong keys, counted by all servers together: when each budget is full again, in
-- microseconds since 1970 by the database's clock. What is missing is full. A crash empties the table, which costs nothing but a
-- few requests too many.
CREATE UNLOGGED TABLE budgets (
    name    text COLLATE "C" PRIMARY KEY,
    full_at bigint NOT NULL,
    -- How long an empty one takes to be full.
    longest bigint NOT NULL
) WITH (fillfactor = 50);
