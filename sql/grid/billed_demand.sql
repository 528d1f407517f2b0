-- Per month, the demand that a tariff bills: the mean of the highest maxima, raised to a floor, averaged over months.
-- A maximum is the highest hour of a day, a month or a calendar year; hours outside the tariff's window do not count.
-- params: those of the source, peaks int4, per text, from_hour int4, to_hour int4, weekdays int4[], months int4[],
--     floor_kw numeric, average_months int4, steps numeric[], times text
-- returns: month date, demand_kw numeric, peaks json, days_observed int8, complete bool, step_from_kw numeric,
--     step_to_kw numeric, margin_kw numeric
WITH billed AS (
    SELECT local.at, local.at::date AS day, date_trunc('month', local.at)::date AS month, local.hour, local.energy_kwh
    FROM (SELECT hour::timestamp AS at, hour, energy_kwh FROM hours) AS local
    WHERE ($11::int4[] IS NULL OR extract(month FROM local.at)::int4 = ANY($11::int4[]))
),

counted AS (
    SELECT
        *,
        CASE $7::text
            WHEN 'day' THEN day
            WHEN 'month' THEN month
            ELSE date_trunc('year', at)::date
        END AS unit
    FROM billed
    WHERE ($10::int4[] IS NULL OR extract(isodow FROM at)::int4 = ANY($10::int4[]))
        AND CASE
            WHEN $8::int4 < $9::int4
                THEN extract(hour FROM at)::int4 >= $8::int4 AND extract(hour FROM at)::int4 < $9::int4
            ELSE extract(hour FROM at)::int4 >= $8::int4 OR extract(hour FROM at)::int4 < $9::int4
        END
),

maxima AS (
    SELECT DISTINCT ON (unit) unit, hour, energy_kwh
    FROM counted
    ORDER BY unit, energy_kwh DESC, hour
),

months AS (
    SELECT
        month,
        days_observed,
        -- Of the month, or of the year, the days that were observed, and all of them.
        CASE WHEN $7::text = 'year' THEN sum(days_observed) OVER (PARTITION BY year) ELSE days_observed END
        = CASE
            WHEN $7::text = 'year' THEN (year + interval '1 year')::date - year
            ELSE (month + interval '1 month')::date - month
        END AS has_all_days
    FROM (
        SELECT month, date_trunc('year', month)::date AS year, count(DISTINCT day) AS days_observed
        FROM billed
        GROUP BY month
    ) AS observed
),

ranked AS (
    SELECT
        months.month,
        maxima.hour,
        maxima.energy_kwh,
        row_number() OVER (PARTITION BY months.month ORDER BY maxima.energy_kwh DESC, maxima.hour) AS place
    FROM months
    JOIN maxima
        ON maxima.unit >= CASE WHEN $7::text = 'year' THEN date_trunc('year', months.month)::date ELSE months.month END
        AND maxima.unit < months.month + interval '1 month'
),

of_months AS (
    SELECT
        months.month,
        months.days_observed,
        greatest(avg(ranked.energy_kwh), $12::numeric) AS demand_kw,
        json_agg(
            json_build_object('hour', shown_time(ranked.hour, $15::text), 'load_kw', ranked.energy_kwh)
            ORDER BY ranked.place
        )
            FILTER (WHERE ranked.hour IS NOT NULL) AS peaks,
        months.has_all_days AND count(ranked.hour) = $6::int4 AS is_complete
    FROM months
    LEFT JOIN ranked ON ranked.month = months.month AND ranked.place <= $6::int4
    GROUP BY months.month, months.days_observed, months.has_all_days
),

demands AS (
    SELECT
        of_months.month,
        of_months.days_observed,
        of_months.peaks,
        averaged.demand_kw,
        averaged.is_complete
    FROM of_months
    CROSS JOIN LATERAL (
        SELECT avg(before.demand_kw) AS demand_kw, bool_and(before.is_complete) AND count(*) = $13::int4 AS is_complete
        FROM of_months AS before
        WHERE before.month <= of_months.month AND before.month > of_months.month - make_interval(months => $13::int4)
    ) AS averaged
)

SELECT
    demands.month,
    round(demands.demand_kw, 3) AS demand_kw,
    coalesce(demands.peaks, '[]') AS peaks,
    demands.days_observed,
    demands.is_complete AS complete,
    step.from_kw AS step_from_kw,
    step.to_kw AS step_to_kw,
    round(step.to_kw - demands.demand_kw, 3) AS margin_kw
FROM demands
CROSS JOIN LATERAL (
    SELECT
        max(kw) FILTER (WHERE kw <= demands.demand_kw) AS from_kw,
        min(kw) FILTER (WHERE kw > demands.demand_kw) AS to_kw
    FROM unnest($14::numeric[]) AS kw
) AS step
ORDER BY demands.month
