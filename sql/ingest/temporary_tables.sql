-- Where COPY puts a file's clean rows until they are merged, and the hours, users and days that a transaction changed.
-- params:
-- returns:
CREATE TEMPORARY TABLE staging (
    arrival bigint GENERATED ALWAYS AS IDENTITY,
    date_from timestamptz NOT NULL,
    date_to timestamptz NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    session_id integer NOT NULL,
    synthetic_3_6_kwh numeric(6, 3),
    synthetic_7_2_kwh numeric(6, 3),
    flex_3_6_kwh numeric(6, 3),
    flex_7_2_kwh numeric(6, 3)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE touched_hour (hour timestamptz PRIMARY KEY) ON COMMIT DROP;
CREATE TEMPORARY TABLE touched_user_day (
    day date,
    user_id text COLLATE "C",
    PRIMARY KEY (day, user_id)
) ON COMMIT DROP;
