-- The users that have rows in the range: energy, hours, sessions that began, first and last day. Fillers are nobody's.
-- params: measure text, start_date timestamptz, end_date timestamptz, sort text, limit int8
-- returns: user_id text, energy_kwh numeric, share_percent numeric, hours int8, sessions int8, first_day date, last_day date
SELECT
    user_id,
    energy_kwh,
    round(100 * energy_kwh / nullif(sum(energy_kwh) OVER (), 0), 2) AS share_percent,
    hours,
    sessions,
    first_day,
    last_day
FROM users_in_range($1::text, $2::timestamptz, $3::timestamptz)
ORDER BY
    CASE $4::text WHEN 'energy_kwh' THEN energy_kwh WHEN 'hours' THEN hours WHEN 'sessions' THEN sessions END DESC,
    CASE $4::text WHEN 'first_day' THEN first_day END,
    CASE $4::text WHEN 'last_day' THEN last_day END DESC,
    user_id COLLATE "C"
LIMIT $5::int8
