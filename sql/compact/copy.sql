-- Copies the rows, in the order of their numbers, into a table of the same kind, with its keys.
-- params:
-- returns:
CREATE TABLE hourly_load_kept (LIKE hourly_load INCLUDING DEFAULTS INCLUDING IDENTITY);

INSERT INTO hourly_load_kept OVERRIDING SYSTEM VALUE SELECT * FROM hourly_load ORDER BY index;

ALTER TABLE hourly_load_kept ADD CONSTRAINT hourly_load_kept_pkey PRIMARY KEY (
    user_id, date_from, session_id, occurrence
);

CREATE INDEX hourly_load_kept_index ON hourly_load_kept (index);

CREATE INDEX hourly_load_kept_date_from ON hourly_load_kept (date_from);

ANALYZE hourly_load_kept;
