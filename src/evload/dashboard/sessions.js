// The view of charging sessions: when they are plugged in, for how long, and what they take.

import { showCards } from "./cards.js";
import { number } from "./format.js";
import { Panel } from "./panel.js";
import { histogram } from "./planning.js";
import { fileOf } from "./screen.js";

const PAGE = 1000;
const MOST_PAGES = 10;
const NONE = { data: null, text: "", version: Infinity };

/** Sessions are of no measure. */
const withoutMeasure = (query) => {
  const found = new URLSearchParams(query);
  found.delete("measure");
  return found;
};

export async function fetchSessions({ query }, get) {
  const asked = withoutMeasure(query);
  const kpis = await get("kpi/sessions", asked);
  if (!kpis.data || kpis.data.sessions > PAGE * MOST_PAGES)
    return { kpis, sessions: { ...NONE, isTooMany: Boolean(kpis.data) } };
  const rows = [];
  let page = {};
  do {
    page = await get("sessions", asked, { limit: PAGE, ...(page.after ? { after: page.after } : {}) });
    rows.push(...(page.data ?? []));
  } while (page.after);
  return { kpis, sessions: { data: rows, text: kpis.text, version: page.version } };
}

const KINDS = {
  "plug-in": {
    title: "Plug-in times",
    about: "How many sessions are plugged in at each hour of the day",
    value: (row) => Number(row.plug_in_at.slice(11, 13)),
    axis: { width: 1, most: 24, unit: "hour of the day" },
  },
  plugged: {
    title: "Time plugged in",
    about: "How long sessions are plugged in; the last bar has all longer ones",
    value: (row) => row.plugged_hours,
    axis: { width: 2, most: 48, unit: "hours" },
  },
  taken: {
    title: "Energy per session",
    about: "What sessions take; the last bar has all larger ones",
    value: (row) => row.energy_kwh,
    axis: { width: 5, most: 80, unit: "kWh" },
  },
  idle: {
    title: "Idle share",
    about: "The part of the time plugged in without charging",
    value: (row) => (row.plugged_hours && row.idle_hours !== null ? (100 * row.idle_hours) / row.plugged_hours : null),
    axis: { width: 10, most: 100, unit: "% of the time plugged in" },
  },
};

export class Sessions {
  constructor() {
    this.panels = Object.fromEntries(Object.entries(KINDS).map(([id, { title }]) => [id, new Panel(id, title)]));
  }

  async show(view) {
    const { kpis, sessions } = view.answers;
    showCards("session-kpis", kpis.data ? kpisOf(kpis.data) : []);
    await Promise.all(Object.entries(KINDS).map(([id, kind]) => this.#draw(view, this.panels[id], kind, sessions)));
  }

  #draw(view, panel, { about, value, axis }, sessions) {
    if (sessions.isTooMany)
      return panel.say(
        `Distributions are drawn of up to ${number(PAGE * MOST_PAGES, 0)} sessions: choose a shorter range.`,
      );
    const values = (sessions.data ?? []).map(value).filter((one) => one !== null);
    panel.root.hidden = panel === this.panels.idle && !values.length;
    if (panel.root.hidden) return undefined;
    if (!values.length) return panel.say("No session was plugged in within this range.");
    return panel.draw(histogram(values, axis), {
      about: `${about}: ${number(values.length, 0)} sessions`,
      hint: "The CSV has the sessions themselves.",
      view: view.kind,
      stamp: `${view.key} ${sessions.text}`,
      subject: view.subject,
      source: { path: "sessions", query: withoutMeasure(view.query) },
      file: fileOf(`sessions ${panel.heading.textContent}`, view),
    });
  }

  forget() {
    for (const panel of Object.values(this.panels)) panel.forget();
  }
}

function kpisOf(kpis) {
  const one = (name, title, unit, detail, digits = 2) => ({ name, title, unit, detail, digits, value: kpis[name] });
  return [
    one("sessions", "Sessions", "", "plugged in within the range", 0),
    one("sessions_per_day", "Sessions a day", "", "per observed day"),
    one("mean_energy_kwh", "Mean energy", "kWh", "per session"),
    one("median_energy_kwh", "Median energy", "kWh", "half of them take less"),
    one("mean_plugged_hours", "Plugged in", "h", "on average"),
    {
      ...one(
        "idle_share",
        "Idle share",
        "",
        kpis.idle_share === null ? "their source does not tell" : "of the time plugged in",
      ),
      text: kpis.idle_share === null ? "–" : number(100 * kpis.idle_share, 1) + " %",
    },
  ];
}
