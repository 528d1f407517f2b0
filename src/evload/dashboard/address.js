// What the reader chose, as it stands in the page's address.

import { DAY, toDay, toMs } from "./format.js";

export const MEASURES = ["synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh"];
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
  const measure = query.get("measure");
  return {
    measure: MEASURES.includes(measure) ? measure : MEASURES[0],
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
  const query = new URLSearchParams({ measure: choice.measure });
  if (choice.start) query.set("start_date", choice.start);
  if (choice.end) query.set("end_date", choice.end);
  return query;
}

/** The range of the same length that ends where this one begins, if anything was observed in it. */
export function rangeBefore(choice, site) {
  if (!choice.start) return null;
  const lastDay = choice.end && choice.end < site.last_hour.slice(0, 10) ? choice.end : site.last_hour.slice(0, 10);
  const length = Math.round((toMs(lastDay) - toMs(choice.start)) / DAY) + 1;
  const before = { start: toDay(toMs(choice.start) - length * DAY), end: toDay(toMs(choice.start) - DAY) };
  return length > 0 && before.end >= site.first_hour.slice(0, 10) ? { ...before, length } : null;
}
