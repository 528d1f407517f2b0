// The first view: key figures, and how the load lies over days, hours and weeks.

import { comparedWith, kpisOfSite, showCards } from "./cards.js";
import { $ } from "./dom.js";
import { activeHours, dailyEnergy, durationCurve, weeklyRhythm, weeklySpread } from "./figures.js";
import { number } from "./format.js";
import { Hours } from "./hours.js";
import { Panel } from "./panel.js";
import { fileOf } from "./screen.js";
import { Users } from "./users.js";

const USERS_SHOWN = 10;
const NOT_ASKED = { data: [], text: "", version: Infinity };
/** Whether the token may see users, as the page was told. */
const seesUsers = () => document.body.dataset.seesUsers !== "false";

export async function fetchOverview(view, get) {
  const { query, shown } = view;
  const [profile, duration, total, top] = await Promise.all([
    get("load/profile", query),
    get("load/duration-curve", query),
    get("series", query, { by: "total" }),
    shown.users.length === 1 || !seesUsers()
      ? NOT_ASKED
      : get("users/summary", query, { sort: shown.sort, limit: USERS_SHOWN }),
  ]);
  return { profile, duration, total, top };
}

export class Overview {
  /** The panels call `enterUser`, `sortBy` and `zoomed`, and `failed` with what went wrong. */
  constructor({ enterUser, sortBy, zoomed, failed }) {
    this.panels = {
      daily: new Panel("daily", "Daily energy"),
      hours: new Hours("hours", { zoomed, failed }),
      rhythm: new Panel("rhythm", "Week by hour"),
      spread: new Panel("spread", "Week with its spread"),
      duration: new Panel("duration", "Load duration"),
      active: new Panel("active", "Active hours"),
      users: new Users("users", { enter: enterUser, sortBy }),
    };
  }

  async show(view) {
    const { answers, daily, choice } = view;
    showCards("kpis", kpisOfSite(view));
    $("compared").textContent = comparedWith(view);
    $("unobserved").textContent = unobserved(answers.total.data?.[0]);
    this.#showUsers(view);
    const days = { data: daily, text: JSON.stringify(daily) };
    await Promise.all([
      this.#draw(view, "daily", days, dailyEnergy, energyAbout(daily), "kpi/daily"),
      this.panels.hours.show(view),
      this.#draw(view, "rhythm", answers.profile, weeklyRhythm, "Mean load of each hour of the week, kW"),
      this.#draw(
        view,
        "spread",
        answers.profile,
        weeklySpread,
        "Median load, and the band from the 10th to the 90th percentile, kW",
      ),
      this.#draw(
        view,
        "duration",
        answers.duration,
        (rows) => durationCurve(rows),
        "How much of the time the load is at least this high",
        "load/duration-curve",
      ),
      this.#draw(
        view,
        "active",
        days,
        activeHours,
        "Hours of each day in which any energy flowed",
        "kpi/daily_utilization",
      ),
    ]);
    this.panels.users.root.hidden = choice.users.length === 1;
  }

  #draw(view, name, answer, figure, about, path = "load/profile") {
    return this.panels[name].drawAnswer(view, answer, figure, about, { path });
  }

  #showUsers(view) {
    const { answers, choice, key } = view;
    this.panels.users.draw(answers.top.data ?? [], {
      sort: choice.sort,
      stamp: `${key} ${choice.sort} ${answers.top.text}`,
      source: { path: "users/summary", query: [...view.query, ["sort", choice.sort]] },
      file: fileOf("users", view),
    });
  }

  forget() {
    for (const panel of Object.values(this.panels)) panel.forget();
  }
}

const energyAbout = ({ length }) =>
  length < 7 ? "Energy of each day" : "Energy of each day, with the mean of the seven days that end with it";

function unobserved(total) {
  const missing = total ? total.hours - total.observed_hours : 0;
  if (!missing) return "";
  const [were, them, are] = missing === 1 ? ["was", "it", "it is"] : ["were", "them", "they are"];
  return (
    `${number(missing, 0)} of the ${number(total.hours, 0)} hours ${were} not observed: no row covers ${them}, so ${are}` +
    " left out of means and load factors."
  );
}
