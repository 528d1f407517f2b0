-- The energy of each observed hour, all locations together, in two parts: a load refreshes only the part it reaches.

CREATE VIEW hourly_site_sum AS
SELECT
    hour,
    sum(synthetic_3_6_kwh) AS synthetic_3_6_kwh,
    sum(synthetic_7_2_kwh) AS synthetic_7_2_kwh,
    sum(flex_3_6_kwh) AS flex_3_6_kwh,
    sum(flex_7_2_kwh) AS flex_7_2_kwh,
    sum(metered_kwh) AS metered_kwh
FROM hourly_sum
GROUP BY hour;

-- The hours before site.recent_since.
CREATE MATERIALIZED VIEW hourly_closed AS
SELECT * FROM hourly_site_sum WHERE hour < (SELECT recent_since FROM site);

CREATE UNIQUE INDEX hourly_closed_hour ON hourly_closed (hour);

-- The hours from site.recent_since on: few, so that a daily load costs what a day costs.
CREATE MATERIALIZED VIEW hourly_recent AS
SELECT * FROM hourly_site_sum WHERE hour >= (SELECT recent_since FROM site);

CREATE UNIQUE INDEX hourly_recent_hour ON hourly_recent (hour);

-- Per observed hour, the energy of each measure.
CREATE VIEW hourly_totals AS
SELECT * FROM hourly_closed
UNION ALL
SELECT * FROM hourly_recent;
