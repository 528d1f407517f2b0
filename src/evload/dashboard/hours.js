// The hourly load: from afar each day's peak, near by every hour, fetched month by month as the zoom needs them.

import { element } from "./dom.js";
import { dailyPeaks, hourlyLoad } from "./figures.js";
import { DAY, days, HOUR, toDay, toMs, toText } from "./format.js";
import { Panel } from "./panel.js";
import { lastDayOf, rangeQuery } from "./ranges.js";
import { fileName } from "./screen.js";
import { ask } from "./server.js";

const HOURS_UP_TO = 62 * DAY;
const SETTLED_AFTER_MS = 150;
const WIDTHS = [
  ["All", Infinity],
  ["30 days", 30 * DAY],
  ["7 days", 7 * DAY],
  ["1 day", DAY],
];

const monthOf = (ms) => toText(ms).slice(0, 7);

function monthsBetween(from, to) {
  const found = [];
  for (
    const date = new Date(`${monthOf(from)}-01T00:00:00Z`);
    date.getTime() < to;
    date.setUTCMonth(date.getUTCMonth() + 1)
  ) {
    found.push(monthOf(date.getTime()));
  }
  return found;
}

export class Hours extends Panel {
  #view = null;
  #window = null; // what of the range is seen, in milliseconds; null: all of it, as the address says
  #months = new Map();
  #monthsOf = "";
  #drawing = 0;
  #settling = 0;
  #listening = false;

  /** `zoomed` hears what the reader looks at; `failed` of what could not be fetched. */
  constructor(id, { zoomed, failed }) {
    super(id, "Hourly load");
    this.failed = failed;
    this.onZoom = zoomed;
    this.#addZoom();
  }

  #addZoom() {
    const group = element("span", { className: "zoom" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Zoom of the hourly load");
    const button = (text, label, does) => {
      const made = element("button", { type: "button", textContent: text });
      if (label) made.setAttribute("aria-label", label);
      made.addEventListener("click", does);
      group.append(made);
      return made;
    };
    this.earlier = button("‹", "Earlier", () => this.#move(-1));
    this.widths = WIDTHS.map(([name, width]) => [button(name, `See ${name}`, () => this.#widen(width)), width]);
    this.later = button("›", "Later", () => this.#move(1));
    this.tools.prepend(group);
  }

  async show(view) {
    const { users, locations, zoom } = view.choice;
    const ofMonths = JSON.stringify([view.measure, users, locations, view.version]);
    if (ofMonths !== this.#monthsOf) this.#months.clear();
    this.#monthsOf = ofMonths;
    this.#view = view;
    this.#window = this.#within(zoom);
    await this.#draw();
  }

  /** What of a zoom lies in the range; null: all of it. */
  #within(zoom) {
    const [first, last] = this.#range();
    const [from, to] = zoom ?? [first, last];
    return to <= first || from >= last || to - from >= last - first ? null : [from, to];
  }

  #range() {
    const { first_hour, last_hour } = this.#view.summary;
    return [toMs(first_hour), toMs(last_hour) + HOUR];
  }

  #look(from, to) {
    this.#window = this.#within([from, to]);
    this.onZoom(this.#window);
    return this.#draw();
  }

  #widen(width) {
    const [from, to] = this.#window ?? this.#range();
    if (width === Infinity) return this.#look(-Infinity, Infinity);
    const [, last] = this.#range();
    const middle = this.#window ? (from + to + width) / 2 : last;
    const end = Math.min(Math.ceil(middle / DAY) * DAY, Math.ceil(last / DAY) * DAY);
    return this.#look(end - width, end);
  }

  #move(by) {
    const [from, to] = this.#window;
    return this.#look(from + by * (to - from), to + by * (to - from));
  }

  #zoomed(change) {
    const range = change["xaxis.range"] ?? [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (!this.#view || (!range[0] && !change["xaxis.autorange"])) return;
    clearTimeout(this.#settling);
    const read = (text) => toMs(text.replace(" ", "T"));
    const [from, to] = range[0] ? range.map((one) => read(String(one).padEnd(10))) : [-Infinity, Infinity];
    this.#settling = setTimeout(() => this.#look(from, to), SETTLED_AFTER_MS);
  }

  /** Only a chart that was drawn has events. */
  #listen() {
    if (this.#listening) return;
    this.#listening = true;
    this.chart.on("plotly_relayout", (change) => this.#zoomed(change));
  }

  async #draw() {
    const turn = ++this.#drawing;
    const [from, to] = this.#window ?? this.#range();
    this.#markZoom(from, to);
    try {
      const { figure, about, hint, detail } = await this.#figure(from, to);
      if (turn !== this.#drawing) return;
      const { key, version, subject } = this.#view;
      const stamp = `${key} ${version} ${from} ${to}`;
      const told = { about, hint, subject, source: this.#source(from, to) };
      await this.draw(figure, { ...told, view: stamp, stamp, file: this.#fileName(from, to) });
      this.#listen();
      this.root.dataset.detail = detail;
    } catch (trouble) {
      if (turn === this.#drawing) this.failed(trouble);
    }
  }

  async #figure(from, to) {
    const { daily } = this.#view;
    const range = [toText(from), toText(to)];
    const between = days(toDay(from), toDay(to - 1));
    if (to - from > HOURS_UP_TO) {
      return {
        figure: dailyPeaks(daily, range),
        about: `The peak hour of each day, ${between}, kW`,
        hint: "Zoom in, or drag over the chart, to see every hour. The CSV has them all.",
        detail: "days",
      };
    }
    const margin = (to - from) / 2;
    const hours = await this.#hours(from - margin, to + margin);
    const seen = hours.filter(({ hour }) => toMs(hour) >= from && toMs(hour) < to);
    const figure = hourlyLoad(hours, range);
    return {
      figure: { ...figure, label: hourlyLoad(seen, range).label, rows: seen },
      about: `Every hour, ${between}, mean power in kW`,
      detail: "hours",
    };
  }

  /** The hours of the range between two moments. Only months in which something was observed are asked for. */
  async #hours(from, to) {
    const { shown, daily } = this.#view;
    const [first, last] = this.#range();
    const observed = new Set(daily.map(({ day }) => day.slice(0, 7)));
    const months = monthsBetween(Math.max(from, first), Math.min(to, last)).filter((month) => observed.has(month));
    const missing = months.filter((month) => !this.#months.has(month));
    if (missing.length) {
      const query = rangeQuery({ ...shown, start: `${missing[0]}-01`, end: lastDayOf(missing.at(-1)) });
      const { data } = await ask("load/hourly", query);
      for (const month of missing) this.#months.set(month, []);
      for (const row of data ?? []) this.#months.get(row.hour.slice(0, 7))?.push(row);
    }
    return months
      .flatMap((month) => this.#months.get(month))
      .filter(({ hour }) => toMs(hour) >= first && toMs(hour) < last);
  }

  #markZoom(from, to) {
    const [first, last] = this.#range();
    for (const [button, width] of this.widths) {
      button.setAttribute("aria-pressed", String(this.#window ? to - from === width : width === Infinity));
      button.disabled = width !== Infinity && width >= last - first;
    }
    this.earlier.disabled = !this.#window || from <= first;
    this.later.disabled = !this.#window || to >= last;
  }

  /** Every hour of what is seen, from the API. */
  #source(from, to) {
    const query = rangeQuery(this.#view.shown);
    query.set("start_date", toText(from).slice(0, 16));
    query.set("end_date", toText(to - 60_000).slice(0, 16));
    return { path: "load/hourly", query };
  }

  #fileName(from, to) {
    return fileName("hourly load", this.#view, [toDay(from), toDay(to - 1)]);
  }
}
