// What the reader chose, as it stands in the page's address.

import { DAY, toDay, toMs } from "./format.js";

/** The measures that the page offers: evload writes them into it, the default first. */
const MEASURES = [...document.getElementById("measure").options].map(({ value }) => value);
export const SORTS = ["energy_kwh", "user_id", "hours", "sessions"];
export const PRESETS = [
  { name: "All", days: 0 },
  { name: "12 months", months: 12 },
  { name: "90 days", days: 90 },
  { name: "30 days", days: 30 },
  { name: "7 days", days: 7 },
];

const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && toDay(toMs(text)) === text;

function dayIn(query, name) {
  const given = (query.get(name) ?? "").slice(0, 10);
  try {
    return isDay(given) ? given : "";
  } catch {
    return ""; // looks like a day, but the calendar has no such one
  }
}

export function readAddress() {
  const query = new URLSearchParams(location.search);
  const oneOf = (known, name) => known.find((one) => one === query.get(name)) ?? known[0];
  return {
    measure: oneOf(MEASURES, "measure"),
    sort: oneOf(SORTS, "sort"),
    start: dayIn(query, "start_date"),
    end: dayIn(query, "end_date"),
    user: query.get("user") ?? "",
  };
}

export function writeAddress(choice, { replace = false } = {}) {
  const query = new URLSearchParams();
  if (choice.measure !== MEASURES[0]) query.set("measure", choice.measure);
  if (choice.start) query.set("start_date", choice.start);
  if (choice.end) query.set("end_date", choice.end);
  if (choice.user) query.set("user", choice.user);
  if (choice.sort !== SORTS[0]) query.set("sort", choice.sort);
  const address = query.size ? `?${query}` : location.pathname;
  if (address === (location.search || location.pathname)) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
}

/** The first day of a preset that ends with the latest observed day. */
export function presetStart(preset, latestDay) {
  if (preset.months) {
    const date = new Date(toMs(latestDay) + DAY);
    date.setUTCMonth(date.getUTCMonth() - preset.months);
    return toDay(date.getTime());
  }
  return preset.days ? toDay(toMs(latestDay) - (preset.days - 1) * DAY) : "";
}

export const presetOf = (choice, latestDay) =>
  choice.end ? undefined : PRESETS.find((preset) => presetStart(preset, latestDay) === choice.start);

export function rangeQuery(choice) {
  const query = new URLSearchParams(choice.measure ? { measure: choice.measure } : {});
  if (choice.start) query.set("start_date", choice.start);
  if (choice.end) query.set("end_date", choice.end);
  return query;
}

/** The days before a range, as many as it has, out of all observed days; null if none of them was observed. */
export function daysBefore(choice, everyDay) {
  if (!choice.start) return null;
  const latest = everyDay.at(-1).day;
  const length =
    Math.round((toMs(choice.end && choice.end < latest ? choice.end : latest) - toMs(choice.start)) / DAY) + 1;
  const [start, end] = [toDay(toMs(choice.start) - length * DAY), toDay(toMs(choice.start) - DAY)];
  const days = everyDay.filter(({ day }) => day >= start && day <= end);
  return days.length ? { start, end, length, days } : null;
}
