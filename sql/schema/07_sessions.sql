-- Charging sessions as their source tells them, beside the hours that were made of them.

-- One session. session_key is its source's own id, or what it is known by where that has none: user, location and plug-in.
-- session_id is that of its rows in hourly_load; batch_id is the load whose values the session shows.
CREATE TABLE charging_session (
    index bigint GENERATED ALWAYS AS IDENTITY,
    plug_in_at timestamptz NOT NULL,
    -- Null while it is not known.
    plug_out_at timestamptz,
    charging_seconds integer,
    -- Of its rows.
    last_hour timestamptz NOT NULL,
    session_id integer NOT NULL,
    batch_id integer NOT NULL,
    source text COLLATE "C" NOT NULL,
    session_key text COLLATE "C" NOT NULL,
    source_session_id text COLLATE "C",
    user_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    energy_kwh numeric(9, 3) NOT NULL,
    -- Whole numbers, which add up five times as fast.
    energy_wh integer NOT NULL GENERATED ALWAYS AS ((energy_kwh * 1000)::integer) STORED,
    plugged_seconds integer GENERATED ALWAYS AS (extract(EPOCH FROM plug_out_at - plug_in_at)::integer) STORED,
    CONSTRAINT charging_session_pkey PRIMARY KEY (source, session_key)
);

CREATE INDEX charging_session_plug_in_at ON charging_session (plug_in_at, index);

CREATE INDEX charging_session_user_id ON charging_session (user_id, plug_in_at);

CREATE INDEX charging_session_location_id ON charging_session (location_id, plug_in_at);

-- For the median of the whole site: where in the order of energies the sessions of a few kWh stand.
CREATE INDEX charging_session_energy_wh ON charging_session (energy_wh, plug_in_at);

-- What loads brought for a session that does not show, as hidden_load holds it for rows.
CREATE TABLE hidden_session (
    plug_in_at timestamptz NOT NULL,
    plug_out_at timestamptz,
    charging_seconds integer,
    last_hour timestamptz NOT NULL,
    session_id integer NOT NULL,
    batch_id integer NOT NULL,
    source text COLLATE "C" NOT NULL,
    session_key text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    energy_kwh numeric(9, 3) NOT NULL,
    CONSTRAINT hidden_session_pkey PRIMARY KEY (source, session_key, batch_id)
);

CREATE INDEX hidden_session_batch_id ON hidden_session (batch_id);

-- All that loads brought of sessions, whether it shows or not, and between which hours the rows lie that were made of it:
-- after the one, up to the other. Energy may have flowed in the hours before the plug-in, as clocks differ.
CREATE VIEW session_version AS
SELECT version.*, version.plug_in_at - interval '1 day' AS after_hour
FROM (
    SELECT source, session_key, batch_id, user_id, session_id, plug_in_at, last_hour FROM charging_session
    UNION ALL
    SELECT source, session_key, batch_id, user_id, session_id, plug_in_at, last_hour FROM hidden_session
) AS version;

-- Per day on the site's clock that sessions were plugged in on, and whole kWh that they charged, rounded down: sums of
-- these sessions. Idle are those of which plug-out and charging time are known.
CREATE TABLE session_day (
    day date NOT NULL,
    kwh integer NOT NULL,
    first_plug_in_at timestamptz NOT NULL,
    last_plug_in_at timestamptz NOT NULL,
    sessions bigint NOT NULL,
    energy_wh bigint NOT NULL,
    plugged_sessions bigint NOT NULL,
    plugged_seconds bigint,
    idle_sessions bigint NOT NULL,
    idle_seconds bigint,
    plugged_seconds_of_idle bigint,
    CONSTRAINT session_day_pkey PRIMARY KEY (day, kwh)
);
