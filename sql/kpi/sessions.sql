-- What charging sessions come to that were plugged in within the range; per day over the days that the site was observed.
-- Idle time is that plugged in without charging, of the sessions of which plug-out and charging time are known.
-- params: those of the source
-- returns: sessions int8, sessions_per_day numeric, mean_energy_kwh numeric, median_energy_kwh numeric,
--     mean_plugged_hours numeric, mean_idle_hours numeric, idle_share numeric
WITH by_kwh AS (
    SELECT
        kwh,
        sum(sessions)::int8 AS sessions,
        sum(energy_wh) AS energy_wh,
        sum(plugged_sessions) AS plugged_sessions,
        sum(plugged_seconds) AS plugged_seconds,
        sum(idle_sessions) AS idle_sessions,
        sum(idle_seconds) AS idle_seconds,
        sum(plugged_seconds_of_idle) AS plugged_seconds_of_idle
    FROM session_sums
    GROUP BY kwh
),

total AS (
    SELECT
        coalesce(sum(sessions), 0)::int8 AS sessions,
        sum(energy_wh) AS energy_wh,
        sum(plugged_sessions) AS plugged_sessions,
        sum(plugged_seconds) AS plugged_seconds,
        sum(idle_sessions) AS idle_sessions,
        sum(idle_seconds) AS idle_seconds,
        sum(plugged_seconds_of_idle) AS plugged_seconds_of_idle
    FROM by_kwh
),

-- The session in the middle, twice, or the two of an even number.
middle AS (
    SELECT (total.sessions + half.number) / 2 AS rank
    FROM total
    CROSS JOIN (VALUES (1), (2)) AS half (number)
),

ranked AS (
    SELECT kwh, sessions, (sum(sessions) OVER (ORDER BY kwh))::int8 - sessions AS before FROM by_kwh
),

-- Only those with the same whole kWh are put in order.
median AS (
    SELECT avg(of_rank.energy_wh) AS energy_wh
    FROM middle
    JOIN ranked ON middle.rank > ranked.before AND middle.rank <= ranked.before + ranked.sessions
    CROSS JOIN LATERAL (
        SELECT sessions.energy_wh
        FROM sessions
        WHERE sessions.energy_wh >= 1000 * ranked.kwh AND sessions.energy_wh < 1000 * (ranked.kwh + 1)
        ORDER BY sessions.energy_wh
        LIMIT 1 OFFSET middle.rank - ranked.before - 1
    ) AS of_rank
),

observed AS (
    SELECT sum(days) AS days FROM periods
)

SELECT
    total.sessions,
    round(total.sessions / observed.days, 2) AS sessions_per_day,
    round(total.energy_wh / nullif(total.sessions, 0) / 1000, 2) AS mean_energy_kwh,
    round(median.energy_wh / 1000, 2) AS median_energy_kwh,
    round(total.plugged_seconds / nullif(total.plugged_sessions, 0) / 3600, 2) AS mean_plugged_hours,
    round(total.idle_seconds / nullif(total.idle_sessions, 0) / 3600, 2) AS mean_idle_hours,
    round(total.idle_seconds / nullif(total.plugged_seconds_of_idle, 0), 3) AS idle_share
FROM observed
CROSS JOIN total
CROSS JOIN median
WHERE (observed.days > 0 OR total.sessions > 0) AND (SELECT stored_sessions FROM site) > 0
