-- What charging sessions come to that were plugged in within the range; per day over the days that the site was observed.
-- Idle time is that plugged in without charging, of the sessions of which plug-out and charging time are known.
-- params: those of the source
-- returns: sessions int8, sessions_per_day numeric, mean_energy_kwh numeric, median_energy_kwh numeric,
--     mean_plugged_hours numeric, mean_idle_hours numeric, idle_share numeric
WITH by_energy AS (
    SELECT
        energy_wh,
        count(*) AS sessions,
        count(plugged_seconds) AS plugged_sessions,
        sum(plugged_seconds) AS plugged_seconds,
        count(plugged_seconds - charging_seconds) AS idle_sessions,
        sum(plugged_seconds - charging_seconds) AS idle_seconds,
        sum(plugged_seconds) FILTER (WHERE charging_seconds IS NOT NULL) AS plugged_seconds_of_idle
    FROM sessions
    GROUP BY energy_wh
),

ranked AS (
    SELECT by_energy.*, sum(sessions) OVER (ORDER BY energy_wh) AS last_rank, sum(sessions) OVER () AS all_sessions
    FROM by_energy
),

observed AS (
    SELECT sum(days) AS days FROM periods
)

SELECT
    coalesce(sum(ranked.sessions), 0)::int8 AS sessions,
    round(coalesce(sum(ranked.sessions), 0) / min(observed.days), 2) AS sessions_per_day,
    round(sum(ranked.energy_wh * ranked.sessions) / sum(ranked.sessions) / 1000, 2) AS mean_energy_kwh,
    -- Of an even number, the mean of the two in the middle.
    round(
        (
            min(ranked.energy_wh) FILTER (WHERE 2 * ranked.last_rank >= ranked.all_sessions)
            + min(ranked.energy_wh) FILTER (WHERE 2 * ranked.last_rank > ranked.all_sessions)
        ) / 2000.0,
        2
    ) AS median_energy_kwh,
    round(sum(ranked.plugged_seconds) / nullif(sum(ranked.plugged_sessions), 0) / 3600, 2) AS mean_plugged_hours,
    round(sum(ranked.idle_seconds) / nullif(sum(ranked.idle_sessions), 0) / 3600, 2) AS mean_idle_hours,
    round(sum(ranked.idle_seconds) / nullif(sum(ranked.plugged_seconds_of_idle), 0), 3) AS idle_share
FROM observed
LEFT JOIN ranked ON true
HAVING (min(observed.days) > 0 OR count(ranked.sessions) > 0) AND (SELECT stored_sessions FROM site) > 0
