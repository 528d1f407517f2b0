-- Around a series: its rows in order, with the mean power, the load factor, and whether each hour was observed.
-- params: those of the query
-- returns: mean_kw numeric, load_factor numeric, complete bool
SELECT
    answered.*,
    round(energy_kwh / observed_hours, 3) AS mean_kw,
    round(energy_kwh / nullif(observed_hours * peak_kw, 0), 3) AS load_factor,
    observed_hours >= hours AS complete
FROM (
    --query--
) AS answered
ORDER BY member COLLATE "C", class, start
