// The panels of the page, and which answer each of them draws.

import { activeHours, dailyEnergy, durationCurve, weeklyRhythm } from "./figures.js";
import { Hours } from "./hours.js";
import { Panel } from "./panel.js";
import { Users } from "./users.js";

const DAILY = "Energy of each day, kWh, with the mean of the seven days that end with it";
const RHYTHM = "Mean load of each hour of the week, kWh";
const DURATION = "How much of the time the load is at least this high";
const ACTIVE = "Hours of each day in which any energy flowed";

export class Charts {
  /** The panels call `enterUser`, `leaveUser` and `sortBy`, and `away` with what went wrong when hours are fetched. */
  constructor({ enterUser, leaveUser, sortBy, away }) {
    this.panels = {
      daily: new Panel("daily", "Daily energy"),
      hours: new Hours("hours", { leave: leaveUser, away }),
      rhythm: new Panel("rhythm", "Week by hour"),
      duration: new Panel("duration", "Load duration"),
      active: new Panel("active", "Active hours"),
    };
    this.users = new Users("users", { enter: enterUser, sortBy });
  }

  async show(view) {
    const { answers } = view;
    this.#showUsers(view);
    await Promise.all([
      this.#draw(view, "daily", answers.daily, dailyEnergy, DAILY),
      this.panels.hours.show(view),
      this.#draw(view, "rhythm", answers.rhythm, weeklyRhythm, RHYTHM),
      this.#draw(view, "duration", answers.duration, durationCurve, DURATION),
      this.#draw(view, "active", answers.daily, activeHours, ACTIVE),
    ]);
  }

  /** The next drawing leaves no chart out, for instance because the colours changed. */
  forget() {
    for (const panel of Object.values(this.panels)) panel.forget();
  }

  #draw(view, name, answer, figure, about) {
    const panel = this.panels[name];
    if (!answer.data?.length) return panel.say("There is nothing to show in this range.");
    const stamp = `${view.key} ${answer.text}`;
    return panel.draw(figure(answer.data), { about, view: view.kind, stamp, file: fileName(name, view) });
  }

  #showUsers(view) {
    const { answers, choice, key } = view;
    const stamp = `${key} ${choice.sort} ${answers.top.text}`;
    const { user: current, sort } = choice;
    this.users.show(answers.top.data ?? [], { current, sort, stamp, file: fileName("users", view) });
  }
}

const fileName = (name, { choice, summary }) =>
  ["evload", name, choice.measure, summary.first_hour.slice(0, 10), summary.last_hour.slice(0, 10)].join("-");
