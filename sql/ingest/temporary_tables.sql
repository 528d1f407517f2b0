-- Where COPY puts a file's clean rows until they are merged, and what a transaction changed.
-- params:
-- returns:
-- Like hidden_load and not like hourly_load, which a first load must be able to lock meanwhile.
CREATE TEMPORARY TABLE staging (
    index bigint GENERATED ALWAYS AS IDENTITY,
    date_to timestamptz NOT NULL,
    LIKE hidden_load INCLUDING DEFAULTS
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_session (
    plug_in_at timestamptz NOT NULL,
    plug_out_at timestamptz,
    charging_seconds integer,
    last_hour timestamptz NOT NULL,
    session_id integer NOT NULL,
    session_key text COLLATE "C" NOT NULL,
    source_session_id text COLLATE "C",
    user_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    energy_kwh numeric(9, 3) NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE withdrawn_row (LIKE hidden_load) ON COMMIT DROP;
CREATE TEMPORARY TABLE touched_session (source text COLLATE "C", session_key text COLLATE "C") ON COMMIT DROP;
CREATE TEMPORARY TABLE touched_session_day (day date) ON COMMIT DROP;
CREATE TEMPORARY TABLE touched_row (hour timestamptz, user_id text COLLATE "C") ON COMMIT DROP;
CREATE TEMPORARY TABLE touched_hour (hour timestamptz PRIMARY KEY) ON COMMIT DROP;
CREATE TEMPORARY TABLE touched_user_day (
    day date,
    user_id text COLLATE "C",
    PRIMARY KEY (day, user_id)
) ON COMMIT DROP;
