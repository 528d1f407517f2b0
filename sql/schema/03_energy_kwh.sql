-- energy_kwh(row, measure): which column of a row a measure is, and peak_kwh(row, measure) that of its peak hour. One
-- function for each kind of row, inlined into the query that calls it.

CREATE FUNCTION energy_kwh(totals hourly_totals, measure text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE $2
        WHEN 'synthetic_3_6_kwh' THEN $1.synthetic_3_6_kwh
        WHEN 'synthetic_7_2_kwh' THEN $1.synthetic_7_2_kwh
        WHEN 'flex_3_6_kwh' THEN $1.flex_3_6_kwh
        WHEN 'flex_7_2_kwh' THEN $1.flex_7_2_kwh
        WHEN 'metered_kwh' THEN $1.metered_kwh
    END;
END;

CREATE FUNCTION energy_kwh(stored hourly_load, measure text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE $2
        WHEN 'synthetic_3_6_kwh' THEN $1.synthetic_3_6_kwh
        WHEN 'synthetic_7_2_kwh' THEN $1.synthetic_7_2_kwh
        WHEN 'flex_3_6_kwh' THEN $1.flex_3_6_kwh
        WHEN 'flex_7_2_kwh' THEN $1.flex_7_2_kwh
        WHEN 'metered_kwh' THEN $1.metered_kwh
    END;
END;

CREATE FUNCTION energy_kwh(of_day user_day, measure text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE $2
        WHEN 'synthetic_3_6_kwh' THEN $1.synthetic_3_6_kwh
        WHEN 'synthetic_7_2_kwh' THEN $1.synthetic_7_2_kwh
        WHEN 'flex_3_6_kwh' THEN $1.flex_3_6_kwh
        WHEN 'flex_7_2_kwh' THEN $1.flex_7_2_kwh
        WHEN 'metered_kwh' THEN $1.metered_kwh
    END;
END;

CREATE FUNCTION energy_kwh(of_period user_period, measure text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE $2
        WHEN 'synthetic_3_6_kwh' THEN $1.synthetic_3_6_kwh
        WHEN 'synthetic_7_2_kwh' THEN $1.synthetic_7_2_kwh
        WHEN 'flex_3_6_kwh' THEN $1.flex_3_6_kwh
        WHEN 'flex_7_2_kwh' THEN $1.flex_7_2_kwh
        WHEN 'metered_kwh' THEN $1.metered_kwh
    END;
END;

CREATE FUNCTION energy_kwh(sums hourly_sum, measure text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE $2
        WHEN 'synthetic_3_6_kwh' THEN $1.synthetic_3_6_kwh
        WHEN 'synthetic_7_2_kwh' THEN $1.synthetic_7_2_kwh
        WHEN 'flex_3_6_kwh' THEN $1.flex_3_6_kwh
        WHEN 'flex_7_2_kwh' THEN $1.flex_7_2_kwh
        WHEN 'metered_kwh' THEN $1.metered_kwh
    END;
END;

CREATE FUNCTION peak_kwh(of_day user_day, measure text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE $2
        WHEN 'synthetic_3_6_kwh' THEN $1.peak_synthetic_3_6_kwh
        WHEN 'synthetic_7_2_kwh' THEN $1.peak_synthetic_7_2_kwh
        WHEN 'flex_3_6_kwh' THEN $1.peak_flex_3_6_kwh
        WHEN 'flex_7_2_kwh' THEN $1.peak_flex_7_2_kwh
        WHEN 'metered_kwh' THEN $1.peak_metered_kwh
    END;
END;

CREATE FUNCTION peak_kwh(of_period user_period, measure text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE $2
        WHEN 'synthetic_3_6_kwh' THEN $1.peak_synthetic_3_6_kwh
        WHEN 'synthetic_7_2_kwh' THEN $1.peak_synthetic_7_2_kwh
        WHEN 'flex_3_6_kwh' THEN $1.peak_flex_3_6_kwh
        WHEN 'flex_7_2_kwh' THEN $1.peak_flex_7_2_kwh
        WHEN 'metered_kwh' THEN $1.peak_metered_kwh
    END;
END;
