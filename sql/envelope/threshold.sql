-- Around the users of a range: how many of them charged in it, and the largest share that one has of the energy.
-- params: those of the query
-- returns: data_version int8, data_version_id uuid, users int8, largest_share numeric
WITH answer AS (
    --query--
)

SELECT
    site.data_version,
    site.data_version_id,
    charged.users,
    charged.largest_share
FROM site
CROSS JOIN (
    SELECT
        count(*) FILTER (WHERE answer.energy_kwh > 0) AS users,
        max(answer.energy_kwh) / nullif(sum(answer.energy_kwh), 0) AS largest_share
    FROM answer
) AS charged
