// From data to what Plotly draws: a figure's traces and layout, its label, and the table behind it.

import {
  DAY,
  day,
  HOUR,
  hourOf,
  inWords,
  number,
  time,
  toMs,
  toText,
  unitFor,
  weekdayAndDay,
  weekdays,
} from "./format.js";
import { sevenDayMean, steps } from "./series.js";
import { colour, layout } from "./style.js";

export const DAYS = { type: "date", hoverformat: "%a %x" };
const HOURS = { type: "date", hoverformat: "%a %x, %H:%M" };
const WITH_LEGEND = { showlegend: true, margin: { l: 60, r: 8, t: 26, b: 40 } };
const MOST_BARS = 200;
const MOST_NAMED_DAYS = 12;
export const TEXT_ONLY = "%{hovertext}<extra></extra>";
const LINE = { type: "scatter", mode: "lines" };

const kwh = (value) => inWords(value, "kWh");
const kw = (value) => inWords(value, "kW");
const clock = (hour) => `${String(hour).padStart(2, "0")}:00`;
export const digits = (places) => (value) => number(value, places);
const most = (rows, name) => rows.reduce((one, other) => (other[name] > one[name] ? other : one));
/** Rows whose figure is in the unit that their largest one is readable in. */
export const scaled = (rows, name, unit) => unitFor(Math.max(...rows.map((row) => row[name] ?? 0)), unit);

/** A bar for each day. So many that they touch are drawn as one shape, which looks the same and takes half the time. */
function byDay(rows, value, { unit, per = 1 }, places) {
  const x = rows.map((row) => row.day);
  const y = rows.map((row) => row[value] / per);
  const means = sevenDayMean(rows, value);
  const many = rows.length > MOST_BARS;
  const saying = `%{y:,.${places}f} ${unit}<extra></extra>`;
  const each = { name: "Day", hovertemplate: saying };
  const shape = () => steps(rows, { of: "day", value, size: DAY });
  const drawn = many
    ? {
        ...each,
        ...LINE,
        ...shape(),
        ...(per === 1 ? {} : { y: shape().y.map((one) => one && one / per) }),
        line: { width: 0, shape: "hv" },
        fill: "tozeroy",
        fillcolor: colour("bar"),
      }
    : // A day's bar stands between its two midnights.
      { ...each, type: "bar", x, y, offset: 0.09 * DAY, width: 0.82 * DAY, marker: { color: colour("bar") } };
  const mean = {
    x,
    y: means.map((one) => one && one / per),
    ...LINE,
    name: "7-day mean",
    line: { color: colour("mean"), width: 2 },
    hovertemplate: `7-day mean ${saying.replace(`.${places}f`, `.${places || 1}f`)}`,
  };
  const hasMeans = means.some((one) => one !== null);
  const xaxis = { ...DAYS, range: [toMs(x[0]), toMs(x.at(-1)) + DAY].map(toText) };
  if ((toMs(x.at(-1)) - toMs(x[0])) / DAY < MOST_NAMED_DAYS)
    Object.assign(xaxis, { dtick: DAY, ticklabelmode: "period" });
  return {
    means,
    traces: hasMeans ? [drawn, mean] : [drawn],
    layout: (yaxis) => layout({ xaxis, yaxis, ...(hasMeans ? WITH_LEGEND : {}) }),
  };
}

export function dailyEnergy(rows) {
  const scale = scaled(rows, "daily_energy_kwh", "kWh");
  const { traces, means, layout } = byDay(rows, "daily_energy_kwh", scale, 2);
  const peak = most(rows, "daily_energy_kwh");
  return {
    traces,
    layout: layout({ title: `${scale.unit} per day` }),
    label: `Energy of ${number(rows.length, 0)} days; the most on ${day(peak.day)}: ${kwh(peak.daily_energy_kwh)}.`,
    columns: [
      { name: "day", title: "Day", shown: weekdayAndDay },
      { name: "daily_energy_kwh", title: "Energy, kWh", shown: digits(3) },
      { name: "seven_day_mean_kwh", title: "7-day mean, kWh", shown: digits(3) },
    ],
    rows: rows.map((row, index) => ({ ...row, seven_day_mean_kwh: means[index] })),
  };
}

export function activeHours(rows) {
  const { traces, layout } = byDay(rows, "active_hours", { unit: "hours" }, 0);
  return {
    traces,
    layout: layout({ range: [0, 25], tickvals: [0, 6, 12, 18, 24], title: "hours per day" }),
    label: `Active hours of ${number(rows.length, 0)} days.`,
    columns: [
      { name: "day", title: "Day", shown: weekdayAndDay },
      { name: "active_hours", title: "Active hours", shown: digits(0) },
    ],
    rows,
  };
}

const profileColumns = () => [
  { name: "weekday", title: "Weekday", shown: (value) => weekdays("long")[value - 1] },
  { name: "hour", title: "Hour", shown: clock },
  { name: "mean_energy_kwh", title: "Mean, kW", shown: digits(3) },
  { name: "p10_kwh", title: "p10, kW", shown: digits(3) },
  { name: "p50_kwh", title: "Median, kW", shown: digits(3) },
  { name: "p90_kwh", title: "p90, kW", shown: digits(3) },
  { name: "observed_hours", title: "Observed hours", shown: digits(0) },
];

export function weeklyRhythm(rows) {
  const [long, short] = [weekdays("long"), weekdays("short")];
  const hours = [...Array(24).keys()];
  const at = new Map(rows.map((row) => [row.weekday * 24 + row.hour, row]));
  const { unit, per } = scaled(rows, "mean_energy_kwh", "kW");
  const grid = (make) =>
    short.map((_, index) => hours.map((hour) => make(at.get((index + 1) * 24 + hour), index, hour)));
  const peak = most(rows, "mean_energy_kwh");
  const told = ({ mean_energy_kwh, observed_hours }, index, hour) =>
    `<b>${long[index]}, ${clock(hour)} – ${clock((hour + 1) % 24)}</b><br>` +
    `${kw(mean_energy_kwh)} on average of ${number(observed_hours, 0)} hours`;
  return {
    traces: [
      {
        type: "heatmap",
        x: hours,
        y: short,
        z: grid((row) => (row ? row.mean_energy_kwh / per : null)),
        xgap: 2,
        ygap: 2,
        hoverongaps: false,
        zmin: 0,
        zmax: peak.mean_energy_kwh / per || 1,
        colorscale: [
          [0, colour("low")],
          [0.5, colour("mid")],
          [1, colour("high")],
        ],
        hovertext: grid((row, index, hour) => (row ? told(row, index, hour) : "")),
        hovertemplate: TEXT_ONLY,
        colorbar: {
          thickness: 8,
          outlinewidth: 0,
          len: 1,
          title: { text: unit, side: "top" },
          nticks: 5,
          tickmode: "auto",
        },
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
    label: `Mean load by weekday and hour; the most on ${long[peak.weekday - 1]} from ${clock(peak.hour)}: ${kw(peak.mean_energy_kwh)}.`,
    columns: profileColumns(),
    rows,
  };
}

/** The week as one line of 168 hours, with the band in which four fifths of the weeks lie. */
export function weeklySpread(rows) {
  const [long, short] = [weekdays("long"), weekdays("short")];
  const { unit, per } = scaled(rows, "p90_kwh", "kW");
  const x = [...Array(169).keys()];
  const at = new Map(rows.map((row) => [(row.weekday - 1) * 24 + row.hour, row]));
  const line = (name) => x.map((hour) => (at.has(hour) ? at.get(hour)[name] / per : null));
  const band = { ...LINE, x, line: { width: 0 }, hoverinfo: "skip" };
  const told = ([hour, row]) =>
    `<b>${long[Math.floor(hour / 24)]}, ${clock(hour % 24)}</b><br>Median ${kw(row.p50_kwh)}<br>p10 ${kw(row.p10_kwh)}, p90 ${kw(row.p90_kwh)}`;
  const texts = new Map([...at].map((one) => [one[0], told(one)]));
  return {
    traces: [
      { ...band, y: line("p10_kwh"), name: "p10" },
      { ...band, y: line("p90_kwh"), name: "p90", fill: "tonexty", fillcolor: colour("area") },
      {
        ...LINE,
        ...(at.size <= 24 ? { mode: "lines+markers" } : {}), // a lone hour is a point
        x,
        y: line("p50_kwh"),
        name: "Median",
        line: { color: colour("accent"), width: 2 },
        hovertext: x.map((hour) => texts.get(hour) ?? ""),
        hovertemplate: TEXT_ONLY,
      },
    ],
    layout: layout({
      hovermode: "closest",
      dragmode: false,
      xaxis: {
        range: [0, 168],
        fixedrange: true,
        tickvals: [...Array(7).keys()].map((day) => 24 * day + 12),
        ticktext: short,
        ticks: "",
      },
      yaxis: { title: unit },
      shapes: [1, 2, 3, 4, 5, 6].map((day) => ({
        type: "line",
        x0: 24 * day,
        x1: 24 * day,
        yref: "paper",
        y0: 0,
        y1: 1,
        line: { color: colour("line"), width: day === 5 ? 2 : 1 },
      })),
    }),
    label: `Median load of each hour of the week, and the band from its p10 to its p90.`,
    columns: profileColumns(),
    rows,
  };
}

/** `limitKw` draws a line where the load may not rise above. */
export function durationCurve(rows, limitKw = null) {
  const { unit, per } = scaled([...rows, { hourly_energy_kwh: limitKw }], "hourly_energy_kwh", "kW");
  const said = (row) => `At least ${kw(row.hourly_energy_kwh)} in ${number(row.hours, 0)} hours`;
  const tenth = rows.find((row) => row.share_percent >= 10) ?? rows.at(-1);
  const all = [{ ...rows[0], share_percent: 0 }, ...rows]; // the peak holds from the first moment on
  const isEveryHour = rows.at(-1).hours === rows.length;
  const curve = {
    ...LINE,
    x: all.map((row) => row.share_percent),
    y: all.map((row) => row.hourly_energy_kwh / per),
    line: { color: colour("accent"), width: 2, shape: isEveryHour ? "vh" : "linear" },
    fill: "tozeroy",
    fillcolor: colour("area"),
    name: "Load",
    hovertext: all.map(said),
    hovertemplate: TEXT_ONLY,
  };
  const limit = {
    ...LINE,
    x: [0, 100],
    y: [limitKw / per, limitKw / per],
    name: "Limit",
    line: { color: colour("bad"), width: 2, dash: "dash" },
    hovertemplate: `Limit for charging ${kw(limitKw)}<extra></extra>`,
  };
  return {
    traces: limitKw === null ? [curve] : [curve, limit],
    layout: layout({
      xaxis: {
        range: [0, 100],
        tickvals: [0, 20, 40, 60, 80, 100],
        ticktext: ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"],
        hoverformat: ".1f",
        title: "share of the observed hours",
      },
      yaxis: { title: unit },
      margin: { l: 60, r: 28, t: 12, b: 44 },
    }),
    label: `The load was at least ${kw(rows[0].hourly_energy_kwh)} in the peak hour and ${kw(tenth.hourly_energy_kwh)} in a tenth of the hours.`,
    columns: [
      { name: "hours", title: "Hours", shown: digits(0) },
      { name: "share_percent", title: "Share of hours, %", shown: digits(3) },
      { name: "hourly_energy_kwh", title: "Load at least, kW", shown: digits(3) },
    ],
    rows,
  };
}

const area = () => ({
  ...LINE,
  connectgaps: false,
  line: { color: colour("accent"), width: 1.5, shape: "hv" },
  fill: "tozeroy",
  fillcolor: colour("area"),
});

function loads(rows, { of, value, size }) {
  const { unit, per } = rows.length ? scaled(rows, value, "kW") : { unit: "kW", per: 1 };
  const { x, y } = steps(rows, { of, value, size });
  return { unit, x, y: per === 1 ? y : y.map((one) => one && one / per) };
}

export function hourlyLoad(rows, range) {
  const { unit, x, y } = loads(rows, { of: "hour", value: "hourly_energy_kwh", size: HOUR });
  const peak = rows.length ? most(rows, "hourly_energy_kwh") : null;
  return {
    traces: [{ ...area(), x, y, hovertemplate: `%{y:,.3f} ${unit}<extra></extra>` }],
    layout: layout({ xaxis: { ...HOURS, range }, yaxis: { title: unit } }),
    label: peak ? `Hourly load; the most at ${hourOf(peak.hour)}: ${kw(peak.hourly_energy_kwh)}.` : "No hours here.",
    columns: [
      { name: "hour", title: "Hour", shown: hourOf },
      { name: "hourly_energy_kwh", title: "Load, kW", shown: digits(3) },
    ],
    rows,
  };
}

/** What of the hours can be seen from afar: each day's peak. */
export function dailyPeaks(rows, range) {
  const { unit, x, y } = loads(rows, { of: "day", value: "peak_hourly_load_kwh", size: DAY });
  const told = new Map(
    rows.map((row) => [row.day, `${kw(row.peak_hourly_load_kwh)} from ${time(row.peak_hour)}, the peak of the day`]),
  );
  return {
    traces: [
      { ...area(), x, y, hovertext: x.map((text) => told.get(text.slice(0, 10)) ?? ""), hovertemplate: TEXT_ONLY },
    ],
    layout: layout({ xaxis: { ...DAYS, range }, yaxis: { title: unit } }),
    label: `The peak hour of each of ${number(rows.length, 0)} days.`,
    columns: [
      { name: "day", title: "Day", shown: weekdayAndDay },
      { name: "peak_hour", title: "Peak hour", shown: hourOf },
      { name: "peak_hourly_load_kwh", title: "Peak load, kW", shown: digits(3) },
    ],
    rows,
  };
}
