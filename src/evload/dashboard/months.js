// The view of months, quarters and years: a table, its bars, and what they are compared with.

import { PERIODS } from "./address.js";
import { element } from "./dom.js";
import { changeOf, days, HOUR, moment, monthOf, number, toMs, toText } from "./format.js";
import { nameOf } from "./members.js";
import { Panel, TablePanel } from "./panel.js";
import { energyByLocation, periodBars } from "./planning.js";
import { comparedRange, dayBefore, rangeQuery } from "./ranges.js";
import { fileOf } from "./screen.js";
import { orRefused, TOO_MANY } from "./server.js";

const MOST_COUNTED = 48; // periods whose users are counted: a question for each
const NEARLY_ALL = 0.99; // of the hours of a period, or its energy is not compared

const periodOf = {
  month: monthOf,
  quarter: (start) => `Q${Math.ceil(start.slice(5, 7) / 3)} ${start.slice(0, 4)}`,
  year: (start) => start.slice(0, 4),
};

/** The range with both ends, which a comparison needs. */
const rangeOf = ({ shown, site }) => ({ start: shown.start || site.first, end: shown.end || site.last });

function seriesQuery(view) {
  const { shown, choice } = view;
  const query = rangeQuery({ ...shown, ...rangeOf(view) });
  if (choice.compare !== "none") query.set("compare", choice.compare);
  return query;
}

export async function fetchMonths(view, get) {
  const { choice } = view;
  const query = seriesQuery(view);
  const plain = new URLSearchParams(query);
  plain.delete("compare");
  const [rows, total, locations, grid] = await Promise.all([
    get("series", query, { by: choice.by }),
    get("series", query, { by: "total" }),
    get("series", plain, { by: choice.by, split: "location" }).catch(orRefused),
    get("grid/summary", plain),
  ]);
  const counted = (rows.data ?? []).length > MOST_COUNTED ? [] : (rows.data ?? []);
  const [before, ...users] = await Promise.all([
    fetchBefore(view, rows.data ?? [], get),
    ...counted.map((row) => get("grid/summary", duringPeriod(plain, row)).catch(orRefused)),
  ]);
  const versions = [rows, ...users].map(({ version }) => version);
  return {
    rows: { ...rows, version: Math.min(...versions) },
    total,
    locations,
    grid,
    before,
    users: { data: users.map(({ data }) => data?.users ?? null), version: Infinity },
  };
}

/** The periods that the rows are compared with, by their start and with their total: a comparison lacks their hours. */
async function fetchBefore(view, rows, get) {
  if (!rows.some((row) => row.previous_start)) return { periods: new Map(), total: null, version: Infinity };
  const { compare, by } = view.choice;
  const query = rangeQuery({ ...view.shown, ...comparedRange(rangeOf(view), compare) });
  const [periods, total] = await Promise.all([by, "total"].map((by) => get("series", query, { by }).catch(orRefused)));
  return {
    periods: new Map((periods.data ?? []).map((row) => [row.start, row])),
    total: total.data?.[0] ?? null,
    version: Math.min(periods.version, total.version),
  };
}

/** The question about what of a period lies in the range. */
function duringPeriod(query, { start, end }) {
  const during = new URLSearchParams(query);
  const [first, last] = [query.get("start_date"), toText(toMs(end) - HOUR)];
  if (start > first) during.set("start_date", start);
  if (last.slice(0, 10) < query.get("end_date")) during.set("end_date", last);
  return during;
}

export class Months {
  /** `choose` hears of another kind of period, and of a period that becomes the range. */
  constructor({ choose }) {
    this.choose = choose;
    const group = element("span", { className: "zoom" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Period");
    this.periods = PERIODS.map((by) => {
      const button = element("button", { type: "button", textContent: `${by[0].toUpperCase()}${by.slice(1)}s` });
      button.addEventListener("click", () => choose({ by }));
      group.append(button);
      return [by, button];
    });
    this.table = new TablePanel("periods", "Months");
    this.table.tools.prepend(group);
    this.energy = new Panel("period-energy", "Energy");
    this.peak = new Panel("period-peak", "Peak");
    this.locations = new Panel("period-locations", "Energy by location");
  }

  async show(view) {
    const { answers, choice } = view;
    const rows = answers.rows.data.map((row, index) => ({
      ...row,
      users: answers.users.data[index] ?? null,
      before: answers.before.periods.get(row.previous_start) ?? null,
    }));
    const isCompared = rows.some((row) => row.previous_start);
    const name = periodOf[choice.by];
    for (const [by, button] of this.periods) button.setAttribute("aria-pressed", String(by === choice.by));
    this.#showTable(view, rows, isCompared, name);
    const names = rows.map((row) => name(row.start));
    const bars = { isCompared, columns: columnsOf(name, isCompared) };
    await Promise.all([
      this.#draw(view, this.energy, periodBars(rows, names, "energy_kwh", "kWh", { ...bars, of: "Energy" })),
      this.#draw(view, this.peak, periodBars(rows, names, "peak_kw", "kW", { ...bars, of: "Peak" })),
      this.#showLocations(view, names, rows),
    ]);
  }

  #told(view, more = {}) {
    const query = [...seriesQuery(view), ["by", view.choice.by], ...Object.entries(more)];
    return {
      subject: view.subject,
      source: { path: "series", query: more.split ? query.filter(([name]) => name !== "compare") : query },
    };
  }

  #draw(view, panel, figure) {
    return panel.draw(figure, {
      ...this.#told(view),
      about: comparedInWords(view),
      view: view.kind,
      stamp: `${view.key} ${view.choice.by} ${view.answers.rows.text}`,
      file: fileOf(`${panel.heading.textContent} by ${view.choice.by}`, view),
    });
  }

  #showLocations(view, names, rows) {
    const { refused } = view.answers.locations;
    this.locations.root.hidden = !refused;
    if (refused)
      return this.locations.say(
        refused.status === TOO_MANY
          ? "There are too many locations for so many periods: choose longer ones, or a shorter range."
          : refused.message,
      );
    const found = view.answers.locations.data ?? [];
    const isSplit = new Set(found.map((row) => row.location_id)).size > 1;
    this.locations.root.hidden = !isSplit;
    if (!isSplit) return undefined;
    const starts = rows.map((row) => row.start);
    return this.locations.draw(energyByLocation(found, names, starts, nameOf), {
      ...this.#told(view, { split: "location" }),
      about: "The largest by name, the others together",
      view: view.kind,
      stamp: `${view.key} ${view.choice.by} ${view.answers.locations.text}`,
      file: fileOf(`energy by location and ${view.choice.by}`, view),
    });
  }

  #showTable(view, rows, isCompared, name) {
    const [total] = view.answers.total.data;
    const { by } = view.choice;
    this.table.name(`${by[0].toUpperCase()}${by.slice(1)}s`);
    const [start, ...others] = columnsOf(name, isCompared);
    const chosen = { ...start, shown: (_, row) => (row.isTotal ? "Total" : this.#button(name(row.start), row)) };
    const isInside = this.table.body.contains(document.activeElement);
    this.table.show([chosen, ...others], rows, {
      ...this.#told(view),
      about: comparedInWords(view),
      hint: rows.length > MOST_COUNTED ? `Users are counted of up to ${MOST_COUNTED} periods.` : "",
      foot: { ...total, isTotal: true, users: view.answers.grid.data?.users ?? null, before: totalBefore(view) },
      file: fileOf(`${by}s`, view),
    });
    if (isInside) this.table.body.querySelector(".period")?.focus();
  }

  /** A period's name, which chooses it as the range. */
  #button(textContent, { start, end }) {
    const range = { start: start.slice(0, 10), end: dayBefore(end.slice(0, 10)) };
    const title = `Show ${textContent} alone`;
    const button = element("button", { type: "button", className: "period", textContent, title });
    button.addEventListener("click", () => this.choose(range));
    return button;
  }

  forget() {
    for (const panel of [this.energy, this.peak, this.locations]) panel.forget();
  }
}

function columnsOf(name, isCompared) {
  const figure = (name, title, places) => ({ name, title, shown: (value) => number(value, places) });
  const before = [
    {
      name: "previous_start",
      title: "Before",
      shown: (start, row) => (row.isTotal || !start ? (start ? "Total" : "–") : name(start)),
    },
    figure("previous_energy_kwh", "Before, kWh", 2),
    { name: "change_percent", title: "Change", shown: changeShown },
    figure("previous_peak_kw", "Before, kW", 2),
    { name: "before", title: "Hours before", shown: (before) => (before ? observedOf(before.complete, before) : "–") },
  ];
  return [
    { name: "start", title: "Period", shown: (start, row) => (row.isTotal ? "Total" : name(start)) },
    figure("energy_kwh", "Energy, kWh", 2),
    figure("peak_kw", "Peak, kW", 2),
    { name: "peak_at", title: "Peak at", shown: moment },
    figure("load_factor", "Load factor", 3),
    figure("users", "Users", 0),
    { name: "complete", title: "Hours observed", shown: observedOf },
    ...(isCompared ? before : []),
  ];
}

/** The hours of a period's calendar, also where the range cuts it. A day of 23 hours cuts nothing. */
function hoursOf({ hours, start, end, isTotal }) {
  const calendar = Math.round((toMs(end) - toMs(start)) / HOUR);
  return isTotal || Math.abs(calendar - hours) <= 1 ? hours : calendar;
}

/** Says of a period that it is not complete: the range cuts it, or hours have no row. */
function observedOf(complete, row) {
  const [observed, all] = [row.observed_hours, hoursOf(row)];
  if (complete && all === row.hours) return number(observed, 0);
  return element("span", {
    className: "part",
    textContent: `${number(observed, 0)} of ${number(all, 0)}`,
    title: "Not complete: the others are outside, or have no row",
  });
}

/** Whether two periods hold what can be compared: nearly all of their hours, or as much of them where a range cuts them. */
function isComparable(row, before) {
  const isCutAlike = Math.abs(row.hours - before.hours) <= 1;
  return [row, before].every((one) => one.observed_hours >= NEARLY_ALL * (isCutAlike ? one.hours : hoursOf(one)));
}

function changeShown(change, { before, ...row }) {
  if (change === null || !before || isComparable(row, before)) return changeOf(change === null ? null : change / 100);
  const title = "No change is told, as one of the two is not complete";
  return element("span", { textContent: "–", title });
}

const totalBefore = ({ answers }) => answers.before.total && { ...answers.before.total, isTotal: true };

function comparedInWords(view) {
  const { choice, answers, site } = view;
  if (choice.compare === "none") return "Of the range alone";
  const { start, end } = comparedRange(rangeOf(view), choice.compare);
  if (end < site.first) return "There are no earlier data to compare with";
  if (!answers.rows.data.some((row) => row.previous_start))
    return `There are no data of ${days(start, end)} to compare with`;
  return `Compared with the ${choice.compare === "year" ? "year" : `${choice.by}s`} before: ${days(start, end)}`;
}
