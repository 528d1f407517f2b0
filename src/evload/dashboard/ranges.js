// Ranges of days: the presets, what a range is compared with, and what the API is asked.

import { DAY, toDay, toMs } from "./format.js";
import { addIds } from "./members.js";

export const PRESETS = [
  { name: "All", days: 0 },
  { name: "12 months", months: 12 },
  { name: "90 days", days: 90 },
  { name: "30 days", days: 30 },
  { name: "7 days", days: 7 },
];

function addMonths(day, months) {
  const [year, month, date] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate();
  return toDay(Date.UTC(year, month - 1 + months, Math.min(date, last)));
}

export const nextDay = (day) => toDay(toMs(day) + DAY);
export const dayBefore = (day) => toDay(toMs(day) - DAY);

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

export const lastDayOf = (month) => toDay(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0));

/** What of the month of a day lies in a range; null if the range is no longer than that. */
export function monthWithin({ start, end }, day) {
  const month = day.slice(0, 7);
  const [first, last] = [`${month}-01`, lastDayOf(month)];
  if (start >= first && end <= last) return null;
  return { start: [start, first].sort()[1], end: [end, last].sort()[0] };
}

/** The range, the measure and the members of a choice, as all endpoints with a range take them. */
export function rangeQuery(choice) {
  const query = new URLSearchParams(choice.measure ? { measure: choice.measure } : {});
  if (choice.start) query.set("start_date", choice.start);
  if (choice.end) query.set("end_date", choice.end);
  addIds(query, "location_id", choice.locations ?? []);
  addIds(query, "user_id", choice.users ?? []);
  return query;
}

/**
 * The days that a range is compared with, as `compare` of /series finds them: as many days before, or calendar months
 * before where the range is whole months; or the same days one year before.
 */
export function comparedRange({ start, end }, compare) {
  const after = nextDay(end);
  const isMonths = start.endsWith("-01") && after.endsWith("-01");
  if (compare === "year") {
    if (isMonths) return { start: addMonths(start, -12), end: dayBefore(addMonths(after, -12)) };
    const first = start.endsWith("-02-29") ? `${start.slice(0, 4)}-03-01` : start;
    return { start: addMonths(first, -12), end: addMonths(end, -12) };
  }
  if (isMonths) {
    const months = 12 * (after.slice(0, 4) - start.slice(0, 4)) + Number(after.slice(5, 7)) - Number(start.slice(5, 7));
    return { start: addMonths(start, -months), end: dayBefore(start) };
  }
  const length = Math.round((toMs(after) - toMs(start)) / DAY);
  return { start: toDay(toMs(start) - length * DAY), end: dayBefore(start) };
}

/** The observed days of the range that a choice is compared with; null if there are none, or nothing is compared. */
export function daysCompared(choice, everyDay) {
  if (!choice.start || choice.compare === "none") return null;
  const latest = everyDay.at(-1).day;
  const end = choice.end && choice.end < latest ? choice.end : latest;
  const range = comparedRange({ start: choice.start, end }, choice.compare);
  const days = everyDay.filter(({ day }) => day >= range.start && day <= range.end);
  const length = Math.round((toMs(range.end) - toMs(range.start)) / DAY) + 1;
  return days.length ? { ...range, length, days } : null;
}
