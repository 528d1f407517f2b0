// The figures of the views for planners: demand, tariffs, months.

import { digits, scaled, TEXT_ONLY } from "./figures.js";
import { count, hourOf, inWords, monthOf, number } from "./format.js";
import { colour, isOnPaper, layout } from "./style.js";

const kw = (value) => inWords(value, "kW");

/** What n users need per head. */
export function demandPerUser(rows) {
  const known = rows.filter((row) => row.kw_per_user !== null);
  return {
    traces: [
      {
        type: "scatter",
        mode: "lines+markers",
        x: known.map((row) => row.users),
        y: known.map((row) => row.kw_per_user),
        line: { color: colour("accent"), width: 2, shape: "spline" },
        hovertext: known.map(
          (row) => `${count(row.users, "user")}: ${kw(row.kw_per_user)} each, ${kw(row.kw)} together`,
        ),
        hovertemplate: TEXT_ONLY,
      },
    ],
    layout: layout({
      hovermode: "closest",
      xaxis: { rangemode: "tozero", title: "users", ...(known.at(-1)?.users < 10 ? { dtick: 1 } : {}) },
      yaxis: { title: "kW per user" },
    }),
    label: `Demand per user: ${known.map((row) => `${count(row.users, "user")} ${kw(row.kw_per_user)}`).join(", ")}.`,
    columns: [
      { name: "users", title: "Users", shown: digits(0) },
      { name: "kw_per_user", title: "Per user, kW", shown: digits(3) },
      { name: "kw", title: "Together, kW", shown: digits(3) },
    ],
    rows,
  };
}

const peaksInWords = (peaks) => peaks.map(({ hour, load_kw }) => `${hourOf(hour)}: ${number(load_kw)}`).join("; ");

/** Months that are not complete are drawn lighter. `steps` are those of the tariff that are worth a line. */
export function billedDemand(rows, steps) {
  const highest = Math.max(...rows.map((row) => row.demand_kw ?? 0));
  const { unit, per } = scaled(rows, "demand_kw", "kW");
  const lines = steps
    ? steps
        .split(",")
        .map(Number)
        .filter((step) => step > 0 && step <= 1.5 * highest)
    : [];
  const peak = rows.find((row) => row.demand_kw === highest);
  const told = (row) =>
    `<b>${monthOf(row.month)}${row.complete ? "" : ", not complete"}</b><br>${kw(row.demand_kw)}<br>${row.peaks.map(({ hour, load_kw }) => `${hourOf(hour)}: ${kw(load_kw)}`).join("<br>")}`;
  return {
    traces: [
      {
        type: "bar",
        x: rows.map((row) => monthOf(row.month)),
        y: rows.map((row) => row.demand_kw && row.demand_kw / per),
        marker: {
          color: rows.map((row) => colour(row.complete ? "bar" : "area")),
          line: { color: colour("bar"), width: 1 },
        },
        hovertext: rows.map(told),
        hovertemplate: TEXT_ONLY,
      },
    ],
    layout: layout({
      hovermode: "closest",
      xaxis: { type: "category", fixedrange: true, automargin: true },
      yaxis: { title: unit },
      shapes: lines.map((step) => ({
        type: "line",
        xref: "paper",
        x0: 0,
        x1: 1,
        y0: step / per,
        y1: step / per,
        line: { color: colour("mean"), width: 1.5, dash: "dot" },
      })),
    }),
    label: `Billed demand of ${number(rows.length, 0)} months; the most in ${monthOf(peak.month)}: ${kw(highest)}.`,
    columns: [
      { name: "month", title: "Month", shown: monthOf },
      { name: "demand_kw", title: "Demand, kW", shown: digits(3) },
      { name: "peaks", title: "Peaks, kW", shown: peaksInWords },
      { name: "days_observed", title: "Days observed", shown: digits(0) },
      { name: "complete", title: "Complete", shown: (value) => (value ? "yes" : "no") },
      { name: "step_from_kw", title: "On the step from, kW", shown: digits(0) },
      { name: "step_to_kw", title: "To, kW", shown: digits(0) },
      { name: "margin_kw", title: "Left to the next, kW", shown: digits(3) },
    ],
    rows,
  };
}

/** A bar for each period, and beside it what it is compared with. */
export function periodBars(rows, names, value, unit, { isCompared, columns, of }) {
  const { unit: larger, per } = scaled(
    rows.flatMap((row) => [{ [value]: row[value] }, { [value]: row[`previous_${value}`] }]),
    value,
    unit,
  );
  const bars = (name, title, color) => ({
    type: "bar",
    name: title,
    x: names,
    y: rows.map((row) => (row[name] === null ? null : row[name] / per)),
    marker: { color },
    hovertemplate: `%{x}: %{y:,.2f} ${larger}<extra>${title}</extra>`,
  });
  const most = rows.reduce((one, other) => (other[value] > one[value] ? other : one));
  return {
    traces: [
      ...(isCompared ? [bars(`previous_${value}`, "Before", colour("before"))] : []),
      bars(value, "In the range", colour("bar")),
    ],
    layout: layout({
      hovermode: "closest",
      barmode: "group",
      showlegend: isCompared,
      margin: { l: 64, r: 8, t: isCompared ? 26 : 8, b: 40 },
      xaxis: { type: "category", fixedrange: true, automargin: true },
      yaxis: { title: larger },
    }),
    label: `${of} of ${number(rows.length, 0)} periods; the most in ${names[rows.indexOf(most)]}: ${inWords(most[value], unit)}.`,
    columns,
    rows,
  };
}

const MOST_PARTS = 8;
const BESIDE = {
  orientation: "v",
  x: 1.01,
  xanchor: "left",
  y: 1,
  traceorder: "reversed",
  itemclick: false,
  itemdoubleclick: false,
};

/** The energy of each period, location by location: the largest ones by name, the others together. */
export function energyByLocation(rows, names, starts, nameOf) {
  const sums = new Map();
  for (const row of rows) sums.set(row.location_id, (sums.get(row.location_id) ?? 0) + row.energy_kwh);
  const largest = [...sums].sort(([, one], [, other]) => other - one).map(([id]) => id);
  const shown = largest.slice(0, MOST_PARTS);
  const at = new Map(rows.map((row) => [`${row.start} ${row.location_id}`, row.energy_kwh]));
  const of = (ids) => starts.map((start) => ids.reduce((sum, id) => sum + (at.get(`${start} ${id}`) ?? 0), 0));
  const parts = shown.map((id) => [nameOf(id), of([id])]);
  if (largest.length > shown.length)
    parts.push([`${largest.length - shown.length} others`, of(largest.slice(MOST_PARTS))]);
  const totals = starts.map((_, index) => ({ kwh: parts.reduce((sum, [, values]) => sum + values[index], 0) }));
  const { unit, per } = scaled(totals, "kwh", "kWh");
  return {
    traces: parts.map(([name, values], index) => ({
      type: "bar",
      name,
      x: names,
      y: values.map((value) => value / per),
      marker: { color: colour(`part-${index + 1}`), line: { color: colour("surface"), width: 1 } },
      hovertemplate: `%{x}: %{y:,.2f} ${unit}<extra>%{fullData.name}</extra>`,
    })),
    layout: layout({
      hovermode: "closest",
      barmode: "stack",
      showlegend: true,
      ...(isOnPaper() ? {} : { legend: BESIDE }), // on paper above, where it has the room for all of them
      margin: { l: 64, r: 8, t: 8, b: 40 },
      xaxis: { type: "category", fixedrange: true, automargin: true },
      yaxis: { title: unit },
    }),
    label: `Energy by location; the most at ${nameOf(largest[0])}: ${inWords(sums.get(largest[0]), "kWh")}.`,
    columns: [
      { name: "start", title: "Period", shown: (start) => names[starts.indexOf(start)] },
      { name: "location_id", title: "Location", shown: nameOf },
      { name: "energy_kwh", title: "Energy, kWh", shown: digits(3) },
      { name: "peak_kw", title: "Peak, kW", shown: digits(3) },
      { name: "load_factor", title: "Load factor", shown: digits(3) },
    ],
    rows,
  };
}

/** How many values lie in each class of a width, the last of which has all from there on. */
export function histogram(values, { width, most, unit }) {
  const rows = Array.from({ length: most / width }, (_, index) => ({
    from: index * width,
    to: (index + 1) * width,
    held: 0,
  }));
  for (const value of values) rows[Math.min(Math.floor(value / width), rows.length - 1)].held++;
  const peak = rows.reduce((one, other) => (other.held > one.held ? other : one));
  const named = ({ from, to }) => `${number(from, 0)} to ${number(to, 0)} ${unit}`;
  return {
    traces: [
      {
        type: "bar",
        x: rows.map(({ from }) => from),
        y: rows.map(({ held }) => held),
        offset: 0,
        width: 0.92 * width,
        marker: { color: colour("bar") },
        hovertext: rows.map((row) => `${named(row)}: ${number(row.held, 0)} of ${number(values.length, 0)}`),
        hovertemplate: TEXT_ONLY,
      },
    ],
    layout: layout({
      hovermode: "closest",
      dragmode: false,
      xaxis: { range: [0, most], title: unit, fixedrange: true },
      yaxis: { title: "sessions" },
    }),
    label: `${number(values.length, 0)} sessions; most from ${named(peak)}: ${number(peak.held, 0)}.`,
    columns: [
      { name: "from", title: `From, ${unit}`, shown: digits(0) },
      { name: "to", title: "To", shown: digits(0) },
      { name: "held", title: "Sessions", shown: digits(0) },
    ],
    rows,
  };
}
