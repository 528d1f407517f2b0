-- Around a series: beside each row that of the previous range in the same place: of the same member and class, and as far
-- from the beginning on the calendar. The day of a month that the other month does not have is in no place.
-- params: those of the source, by text, previous_start_date timestamptz, previous_end_date timestamptz,
--     shift_months int4, shift_days int4, shift_hours int4
-- returns: member text, class int4, start timestamptz, end timestamptz, energy_kwh numeric, peak_kw numeric,
--     peak_at timestamptz, active_hours int8, observed_hours int8, hours int8, previous_start timestamptz,
--     previous_energy_kwh numeric, previous_peak_kw numeric, change_percent numeric
WITH this AS (
    --query--
),

previous AS (
    --previous--
),

this_placed AS (
    SELECT
        this.*,
        CASE
            WHEN $6::text = 'hour' AND $11::int4 <> 0
                THEN (start - make_interval(hours => $11::int4)) AT TIME ZONE 'UTC'
            WHEN $9::int4 = 0 OR extract(day FROM position) = extract(day FROM position - make_interval(months => $9::int4))
                THEN position - make_interval(months => $9::int4, days => $10::int4)
        END AS place
    FROM this
),

previous_placed AS (
    SELECT
        previous.*,
        CASE WHEN $6::text = 'hour' AND $11::int4 <> 0 THEN start AT TIME ZONE 'UTC' ELSE position END AS place
    FROM previous
)

SELECT
    this.member,
    this.class,
    this.start,
    this."end",
    this.energy_kwh,
    this.peak_kw,
    this.peak_at,
    this.active_hours,
    this.observed_hours,
    this.hours,
    CASE WHEN previous.member IS NOT NULL THEN coalesce(previous.start, $7::timestamptz) END AS previous_start,
    previous.energy_kwh AS previous_energy_kwh,
    previous.peak_kw AS previous_peak_kw,
    round(100 * (this.energy_kwh - previous.energy_kwh) / nullif(previous.energy_kwh, 0), 2) AS change_percent
FROM this_placed AS this
LEFT JOIN previous_placed AS previous
    ON previous.member = this.member AND previous.class = this.class AND previous.place = this.place
