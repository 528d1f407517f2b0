// The key figures of a range, and how they compare with the range before.

import { day, days, hourOf, number, percent } from "./format.js";
import { element } from "./panel.js";

/** What can be compared with the days before. */
function kpisOfDays(days) {
  const all = (name) => days.map((day) => day[name]);
  const sum = (name) => all(name).reduce((one, other) => one + other);
  return {
    total_energy_kwh: sum("daily_energy_kwh"),
    avg_daily_energy_kwh: sum("daily_energy_kwh") / days.length,
    peak_daily_energy_kwh: Math.max(...all("daily_energy_kwh")),
    peak_hourly_load_kwh: Math.max(...all("peak_hourly_load_kwh")),
    avg_active_charging_hours_per_day: sum("active_hours") / days.length,
  };
}

function kpisOf({ summary, before }) {
  const earlier = before ? kpisOfDays(before.days) : {};
  const change = (name) => (earlier[name] ? summary[name] / earlier[name] - 1 : null);
  const one = (name, title, unit, detail) => ({ name, title, unit, detail, change: change(name) });
  return [
    one(
      "total_energy_kwh",
      "Total energy",
      "kWh",
      `${number(summary.days, 0)} observed ${summary.days === 1 ? "day" : "days"}`,
    ),
    one("avg_daily_energy_kwh", "Daily average", "kWh", "per observed day"),
    one(
      "last_7_days_avg_daily_energy_kwh",
      "Last 7 days",
      "kWh",
      `a day, ${days(summary.last_7_days_from, summary.last_7_days_to)}`,
    ),
    one("peak_daily_energy_kwh", "Peak day", "kWh", day(summary.peak_day)),
    one("peak_hourly_load_kwh", "Peak hour", "kWh", hourOf(summary.peak_hour)),
    one("avg_active_charging_hours_per_day", "Active hours", "h", "a day, on average"),
  ];
}

export function showCards(view) {
  const cards = kpisOf(view).map((kpi) => {
    const figure = element(
      "dd",
      { className: "figure" },
      number(view.summary[kpi.name]),
      element("small", { textContent: kpi.unit }),
    );
    const detail = element("dd", { className: "detail" }, kpi.detail);
    const card = element("div", { className: "kpi" }, element("dt", { textContent: kpi.title }), figure, detail);
    card.dataset.kpi = kpi.name;
    card.dataset.value = view.summary[kpi.name];
    if (kpi.change !== null)
      card.append(
        element(
          "dd",
          { className: "detail" },
          element("span", { className: "change", textContent: percent(kpi.change, { signDisplay: "exceptZero" }) }),
          " vs before",
        ),
      );
    return card;
  });
  document.getElementById("kpis").replaceChildren(...cards);
  document.getElementById("compared").textContent = comparedWith(view);
}

function comparedWith({ before, choice: { start } }) {
  if (!start) return "";
  if (!before) return "There is no earlier period of this length to compare with.";
  const {
    days: { length: observed },
    length,
  } = before;
  const part = observed < length ? `, of which ${number(observed, 0)} of ${number(length, 0)} days were observed` : "";
  return `Before: the same number of days, ${days(before.start, before.end)}${part}.`;
}
