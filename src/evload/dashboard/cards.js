// Key figures as cards: each with its unit, what it is about, and how it compares.

import { $, element } from "./dom.js";
import { amount, changeOf, count, day, days, hourOf, number } from "./format.js";

/** `kpis` have a name, a title, a value, a unit and a detail; `change` is how it compares, as a ratio. */
export function showCards(id, kpis) {
  $(id).replaceChildren(...kpis.map(card));
}

function card({ name, title, value, unit = "", detail, change = null, digits = 2, text }) {
  const { figure, unit: larger } = text ? { figure: text, unit } : amount(value, unit, digits);
  const made = element(
    "div",
    { className: "kpi" },
    element("dt", { textContent: title }),
    element("dd", { className: text ? "figure words" : "figure" }, figure, element("small", { textContent: larger })),
    element("dd", { className: "detail", textContent: detail }),
  );
  made.dataset.kpi = name;
  made.dataset.value = value ?? "";
  if (change !== null) {
    const part = element("span", { className: "change", textContent: changeOf(change) });
    made.append(element("dd", { className: "detail" }, part, " vs before"));
  }
  return made;
}

/** What can be compared with the days of another range. */
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

export function kpisOfSite({ summary, compared, latestDays }) {
  const earlier = compared ? kpisOfDays(compared.days) : {};
  const change = (name) => (earlier[name] ? summary[name] / earlier[name] - 1 : null);
  const one = (name, title, unit, detail) => ({
    name,
    title,
    unit,
    detail,
    value: summary[name],
    change: change(name),
  });
  const observed = `${number(summary.days, 0)} observed ${summary.days === 1 ? "day" : "days"}`;
  const lastDays = `a day, mean of the ${count(latestDays.length, "date")} they touch, ${days(summary.last_7_days_from, summary.last_7_days_to)}, not affected by the range`;
  return [
    one("total_energy_kwh", "Total energy", "kWh", observed),
    one("avg_daily_energy_kwh", "Daily average", "kWh", "per observed day"),
    one("last_7_days_avg_daily_energy_kwh", "Latest 7 days", "kWh", lastDays),
    one("peak_daily_energy_kwh", "Peak day", "kWh", day(summary.peak_day)),
    one("peak_hourly_load_kwh", "Peak hour", "kW", hourOf(summary.peak_hour)),
    one("avg_active_charging_hours_per_day", "Active hours", "h", "a day, on average"),
  ];
}

/** With which days the key figures are compared. */
export function comparedWith({ compared, choice: { start, compare } }) {
  if (compare === "none") return "";
  if (!start) return compare === "year" ? "Choose a range to compare it with the one a year before." : "";
  if (!compared) return "Nothing was observed in the range that this one would be compared with.";
  const { days: observed, length } = compared;
  const part =
    observed.length < length
      ? `, of which ${number(observed.length, 0)} of ${number(length, 0)} days were observed`
      : "";
  return `Before: ${days(compared.start, compared.end)}${part}.`;
}
