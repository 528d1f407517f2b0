// The hourly load: from afar each day's peak, near by every hour, fetched month by month as the zoom needs them.

import { dailyPeaks, hourlyLoad } from "./figures.js";
import { DAY, days, HOUR, toDay, toMs, toText } from "./format.js";
import { element, Panel } from "./panel.js";
import { hoursOfRows } from "./series.js";
import { ask } from "./server.js";

const HOURS_UP_TO = 62 * DAY;
const SETTLED_AFTER_MS = 150;
const WIDTHS = [
  ["All", Infinity],
  ["Month", 30 * DAY],
  ["Week", 7 * DAY],
  ["Day", DAY],
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

const lastDayOf = (month) => toDay(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0));

export class Hours extends Panel {
  #view = null;
  #window = null; // what of the range is seen, in milliseconds; null: all of it
  #months = new Map();
  #monthsOf = "";
  #drawing = 0;
  #settling = 0;
  #listening = false;

  /** `leave` goes back from one user to all of them; `away` hears of what could not be fetched. */
  constructor(id, { leave, away }) {
    super(id, "Hourly load");
    this.away = away;
    this.back = element("button", { type: "button", className: "tool back", textContent: "← All users", hidden: true });
    this.back.addEventListener("click", leave);
    this.#addZoom();
    this.tools.prepend(this.back);
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
    this.widths = WIDTHS.map(([name, width]) => [button(name, "", () => this.#widen(width)), width]);
    this.later = button("›", "Later", () => this.#move(1));
    this.tools.prepend(group);
  }

  /** Another view keeps the zoom only where it is the same range with newer data. */
  async show(view) {
    if (this.#view?.kind !== view.kind) this.#window = null;
    const ofMonths = `${view.choice.measure} ${view.version}`;
    if (ofMonths !== this.#monthsOf) this.#months.clear();
    this.#monthsOf = ofMonths;
    this.#view = view;
    const user = view.choice.user;
    this.back.hidden = !user;
    this.name(user ? `Hourly load of ${user}` : "Hourly load");
    await this.#draw();
  }

  #range() {
    const { first_hour, last_hour } = this.#view.summary;
    return [toMs(first_hour), toMs(last_hour) + HOUR];
  }

  #look(from, to) {
    const [first, last] = this.#range();
    this.#window = to - from >= last - first ? null : [from, to];
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
      const { figure, about, detail } = await this.#figure(from, to);
      if (turn !== this.#drawing) return;
      if (!figure) return this.say(about);
      const { key, choice, version } = this.#view;
      const stamp = `${key} ${version} ${from} ${to}`;
      await this.draw(figure, { about, view: stamp, stamp, file: this.#fileName(choice, from, to) });
      this.#listen();
      this.root.dataset.detail = detail;
    } catch (trouble) {
      if (turn === this.#drawing) this.away(trouble);
    }
  }

  async #figure(from, to) {
    const { choice, daily, userRows } = this.#view;
    const range = [toText(from), toText(to)];
    const between = days(toDay(from), toDay(to - 1));
    if (choice.user) {
      const hours = hoursOfRows(userRows ?? [], choice.measure);
      if (!hours.length) return { about: `There are no rows of ${choice.user} from ${between}.` };
      const seen = hours.filter(({ hour }) => toMs(hour) >= from && toMs(hour) < to);
      return {
        figure: { ...hourlyLoad(hours, range, 0), rows: seen },
        about: `Every hour this user is plugged in or charging, ${between}, kWh`,
        detail: "hours",
      };
    }
    if (to - from > HOURS_UP_TO) {
      return {
        figure: dailyPeaks(daily, range),
        about: "The peak hour of each day, kWh. Zoom in, or drag over the chart, to see every hour.",
        detail: "days",
      };
    }
    const margin = (to - from) / 2;
    const hours = await this.#hours(from - margin, to + margin);
    const seen = hours.filter(({ hour }) => toMs(hour) >= from && toMs(hour) < to);
    const figure = hourlyLoad(hours, range);
    return {
      figure: { ...figure, ...(seen.length ? { label: hourlyLoad(seen, range).label } : {}), rows: seen },
      about: `Every hour, ${between}, kWh`,
      detail: "hours",
    };
  }

  /** The hours of the range between two moments. Only months in which something was observed are asked for. */
  async #hours(from, to) {
    const { choice, daily } = this.#view;
    const [first, last] = this.#range();
    const observed = new Set(daily.map(({ day }) => day.slice(0, 7)));
    const months = monthsBetween(Math.max(from, first), Math.min(to, last)).filter((month) => observed.has(month));
    const missing = months.filter((month) => !this.#months.has(month));
    if (missing.length) {
      const query = new URLSearchParams({
        measure: choice.measure,
        start_date: `${missing[0]}-01`,
        end_date: lastDayOf(missing.at(-1)),
      });
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

  #fileName({ user, measure }, from, to) {
    const safe = user.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_");
    return ["evload", "hourly-load", ...(safe ? [safe] : []), measure, toDay(from), toDay(to - 1)].join("-");
  }
}
