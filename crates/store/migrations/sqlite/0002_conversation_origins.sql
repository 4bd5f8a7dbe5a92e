-- What the tool that a conversation was imported from says of it: times, models, branches. JSON.
ALTER TABLE conversations ADD COLUMN origin TEXT;
