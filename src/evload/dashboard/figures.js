// From data to what Plotly draws: a figure's traces and layout, its label, and the table behind it.

import { DAY, day, HOUR, hourOf, number, time, toMs, toText, weekdayAndDay, weekdays } from "./format.js";
import { sevenDayMean, steps } from "./series.js";
import { colour, layout } from "./style.js";

const DAYS = { type: "date", hoverformat: "%a %x" };
const HOURS = { type: "date", hoverformat: "%a %x, %H:%M" };
const WITH_LEGEND = { showlegend: true, margin: { l: 60, r: 8, t: 26, b: 40 } };
const MOST_BARS = 200;
const TEXT_ONLY = "%{hovertext}<extra></extra>";

const kwh = (value) => `${number(value)} kWh`;

/** A bar for each day. So many that they touch are drawn as one shape, which looks the same and takes half the time. */
function byDay(rows, value, unit, digits) {
  const x = rows.map((row) => row.day);
  const means = sevenDayMean(rows, value);
  const many = rows.length > MOST_BARS;
  const [first, last] = [toMs(x[0]), toMs(x.at(-1))];
  const around = last - first < 2 * DAY ? 1.5 * DAY : DAY / 2; // a lone day is not drawn as wide as the chart
  const saying = `%{y:,.${digits}f} ${unit}<extra></extra>`;
  const each = { name: "Day", hovertemplate: saying };
  const line = { type: "scatter", mode: "lines" };
  return {
    means,
    span: (many ? [first, last + DAY] : [first - around, last + around]).map(toText),
    traces: [
      many
        ? {
            ...each,
            ...line,
            ...steps(rows, { of: "day", value, size: DAY }),
            line: { width: 0, shape: "hv" },
            fill: "tozeroy",
            fillcolor: colour("bar"),
          }
        : {
            ...each,
            type: "bar",
            x,
            y: rows.map((row) => row[value]),
            width: 0.82 * DAY,
            marker: { color: colour("bar"), line: { width: 0 } },
          },
      {
        x,
        y: means,
        ...line,
        name: "7-day mean",
        line: { color: colour("mean"), width: 2 },
        hovertemplate: `7-day mean ${saying.replace(`.${digits}f`, `.${digits || 1}f`)}`,
      },
    ],
  };
}

export function dailyEnergy(rows) {
  const { traces, means, span } = byDay(rows, "daily_energy_kwh", "kWh", 2);
  const peak = rows.reduce((most, row) => (row.daily_energy_kwh > most.daily_energy_kwh ? row : most));
  return {
    traces,
    layout: layout({ xaxis: { ...DAYS, range: span }, yaxis: { title: "kWh per day" }, ...WITH_LEGEND }),
    label: `${number(rows.length, 0)} days of energy; the most on ${day(peak.day)}: ${kwh(peak.daily_energy_kwh)}.`,
    columns: [
      { name: "day", title: "Day", shown: weekdayAndDay },
      { name: "daily_energy_kwh", title: "Energy, kWh", shown: (value) => number(value, 3) },
      { name: "seven_day_mean_kwh", title: "7-day mean, kWh", shown: (value) => number(value, 3) },
    ],
    rows: rows.map((row, index) => ({ ...row, seven_day_mean_kwh: means[index] })),
  };
}

export function activeHours(rows) {
  const { traces, span } = byDay(rows, "active_hours", "hours", 0);
  const ticks = { range: [0, 25], tickvals: [0, 6, 12, 18, 24], title: "hours per day" };
  return {
    traces,
    layout: layout({ xaxis: { ...DAYS, range: span }, yaxis: ticks, ...WITH_LEGEND }),
    label: `Active hours of ${number(rows.length, 0)} days.`,
    columns: [
      { name: "day", title: "Day", shown: weekdayAndDay },
      { name: "active_hours", title: "Active hours", shown: (value) => number(value, 0) },
    ],
    rows,
  };
}

export function weeklyRhythm(rows) {
  const [long, short] = [weekdays("long"), weekdays("short")];
  const hours = [...Array(24).keys()];
  const at = new Map(rows.map((row) => [row.weekday * 24 + row.hour, row]));
  const grid = (make) =>
    short.map((_, index) => hours.map((hour) => make(at.get((index + 1) * 24 + hour), index, hour)));
  const peak = rows.reduce((most, row) => (row.mean_energy_kwh > most.mean_energy_kwh ? row : most));
  const clock = (hour) => `${String(hour).padStart(2, "0")}:00`;
  const peakHour = `${long[peak.weekday - 1]} from ${clock(peak.hour)}`;
  const told = ({ mean_energy_kwh, observed_hours }, index, hour) =>
    `<b>${long[index]}, ${clock(hour)} – ${clock((hour + 1) % 24)}</b><br>` +
    `${kwh(mean_energy_kwh)} on average of ${number(observed_hours, 0)} hours`;
  return {
    traces: [
      {
        type: "heatmap",
        x: hours,
        y: short,
        z: grid((row) => row?.mean_energy_kwh ?? null),
        xgap: 2,
        ygap: 2,
        hoverongaps: false,
        zmin: 0,
        colorscale: [
          [0, colour("low")],
          [0.5, colour("mid")],
          [1, colour("high")],
        ],
        hovertext: grid((row, index, hour) => (row ? told(row, index, hour) : "")),
        hovertemplate: TEXT_ONLY,
        colorbar: { thickness: 8, outlinewidth: 0, len: 1, title: { text: "kWh", side: "top" }, nticks: 5 },
      },
    ],
    layout: layout({
      hovermode: "closest",
      dragmode: false,
      margin: { l: 40, r: 0, t: 8, b: 44 },
      xaxis: {
        fixedrange: true,
        tickvals: hours.filter((hour) => hour % 3 === 0),
        title: "hour of the day",
        ticks: "",
      },
      yaxis: { autorange: "reversed", showgrid: false, rangemode: "normal", ticks: "" },
    }),
    label: `Mean load by weekday and hour; the most on ${peakHour}: ${kwh(peak.mean_energy_kwh)}.`,
    columns: [
      { name: "weekday", title: "Weekday", shown: (value) => long[value - 1] },
      { name: "hour", title: "Hour", shown: clock },
      { name: "mean_energy_kwh", title: "Mean, kWh", shown: (value) => number(value, 3) },
      { name: "observed_hours", title: "Observed hours", shown: (value) => number(value, 0) },
    ],
    rows,
  };
}

export function durationCurve(rows) {
  const said = (row) => `At least ${number(row.hourly_energy_kwh)} kWh in ${number(row.hours, 0)} hours`;
  const tenth = rows.find((row) => row.share_percent >= 10) ?? rows.at(-1);
  const inTenth = `${kwh(tenth.hourly_energy_kwh)} in a tenth`;
  return {
    traces: [
      {
        type: "scatter",
        mode: "lines",
        x: rows.map((row) => row.share_percent),
        y: rows.map((row) => row.hourly_energy_kwh),
        line: { color: colour("accent"), width: 2 },
        fill: "tozeroy",
        fillcolor: colour("area"),
        hovertext: rows.map(said),
        hovertemplate: TEXT_ONLY,
      },
    ],
    layout: layout({
      xaxis: { range: [0, 100], ticksuffix: " %", hoverformat: ".1f", title: "share of the observed hours" },
      yaxis: { title: "kWh in the hour" },
      margin: { l: 60, r: 14, t: 8, b: 44 },
    }),
    label: `The load was at least ${kwh(rows[0].hourly_energy_kwh)} in the peak hour and ${inTenth} of the hours.`,
    columns: [
      { name: "hours", title: "Hours", shown: (value) => number(value, 0) },
      { name: "share_percent", title: "Share of hours, %", shown: (value) => number(value, 3) },
      { name: "hourly_energy_kwh", title: "Load at least, kWh", shown: (value) => number(value, 3) },
    ],
    rows,
  };
}

const hourColumns = [
  { name: "hour", title: "Hour", shown: hourOf },
  { name: "hourly_energy_kwh", title: "Energy, kWh", shown: (value) => number(value, 3) },
];

export function hourlyLoad(rows, range, between = null) {
  const peak = rows.length
    ? rows.reduce((most, row) => (row.hourly_energy_kwh > most.hourly_energy_kwh ? row : most))
    : null;
  return {
    traces: [
      {
        type: "scatter",
        mode: "lines",
        ...steps(rows, { of: "hour", value: "hourly_energy_kwh", size: HOUR, between }),
        line: { color: colour("accent"), width: 1.5, shape: "hv" },
        fill: "tozeroy",
        fillcolor: colour("area"),
        hovertemplate: "%{y:,.3f} kWh<extra></extra>",
        connectgaps: false,
      },
    ],
    layout: layout({ xaxis: { ...HOURS, range }, yaxis: { title: "kWh in the hour" } }),
    label: peak
      ? `Hourly load; the most at ${hourOf(peak.hour)}: ${number(peak.hourly_energy_kwh)} kWh.`
      : "No hours here.",
    columns: hourColumns,
    rows,
  };
}

/** What of the hours can be seen from afar: each day's peak. */
export function dailyPeaks(rows, range) {
  const { x, y } = steps(rows, { of: "day", value: "peak_hourly_load_kwh", size: DAY });
  const told = new Map(
    rows.map((row) => [
      row.day,
      `${number(row.peak_hourly_load_kwh)} kWh from ${time(row.peak_hour)}, the peak of the day`,
    ]),
  );
  return {
    traces: [
      {
        type: "scatter",
        mode: "lines",
        x,
        y,
        connectgaps: false,
        line: { color: colour("accent"), width: 1.25, shape: "hv" },
        fill: "tozeroy",
        fillcolor: colour("area"),
        hovertext: x.map((text) => told.get(text.slice(0, 10)) ?? ""),
        hovertemplate: TEXT_ONLY,
      },
    ],
    layout: layout({ xaxis: { ...DAYS, range }, yaxis: { title: "kWh in the hour" } }),
    label: `The peak hour of each of ${number(rows.length, 0)} days.`,
    columns: [
      { name: "day", title: "Day", shown: weekdayAndDay },
      { name: "peak_hour", title: "Peak hour", shown: hourOf },
      { name: "peak_hourly_load_kwh", title: "Peak load, kWh", shown: (value) => number(value, 3) },
    ],
    rows,
  };
}
