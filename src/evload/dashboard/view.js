// Fetches all that one choice of the reader shows.

import { daysCompared, presetOf, rangeQuery } from "./ranges.js";
import { subjectOf } from "./screen.js";
import { ask } from "./server.js";

/**
 * Fetches the view of a choice, and what `more` asks for besides. If it is empty, `nothing` tells what lacks: all
 * "data", the "measure", the "members" that are asked for, or hours in the "range".
 */
export async function fetchView(choice, signal, more) {
  const get = (path, query, besides = {}) =>
    ask(path, new URLSearchParams([...query, ...Object.entries(besides)]), signal);
  const { start, end, measure, users, locations, compare } = choice;
  const [about, everyDay] = await Promise.all([
    get("site", []),
    get("kpi/daily", rangeQuery({ ...choice, start: "", end: "" })),
  ]);
  const site = siteOf(about.data);
  const view = { choice, site, key: JSON.stringify([measure, start, end, users, locations, compare]) };
  view.version = Math.min(about.version, everyDay.version);
  if (!site) return { ...view, nothing: "data" };
  if (!site.measures.length || (measure && !site.measures.includes(measure))) return { ...view, nothing: "measure" };
  if (!everyDay.data) return { ...view, nothing: "members", detail: everyDay.detail };
  const isOpen = !end && site.last < site.end && start <= site.last; // then hours in the future are left out
  const shown = { ...choice, end: isOpen ? site.last : end, measure: measure || site.measures[0] };
  const daily = everyDay.data.filter(within(shown));
  if (!daily.length) return { ...view, nothing: "range" };
  const query = rangeQuery(shown);
  const [summary, answers] = await Promise.all([get("kpi/summary", query), more({ ...view, shown, query }, get)]);
  if (!summary.data) return { ...view, nothing: "range", version: summary.version };
  const versions = [view, summary, ...Object.values(answers)].map(({ version }) => version);
  const found = { ...view, shown, query, daily, answers, summary: summary.data, measure: shown.measure };
  return {
    ...found,
    kind: JSON.stringify([measure, presetOf(choice, site.last)?.name || [start, end], users, locations]),
    version: Math.min(...versions),
    compared: daysCompared(shown, everyDay.data),
    latestDays: everyDay.data.filter(
      within({ start: summary.data.last_7_days_from, end: summary.data.last_7_days_to }),
    ),
    subject: subjectOf(found),
  };
}

const within =
  ({ start, end }) =>
  ({ day }) =>
    (!start || day >= start) && (!end || day <= end);

/** With the first day, the latest one, with which choices end, and the end, which is later where hours lie ahead. */
const siteOf = (about) =>
  about && {
    ...about,
    first: about.first_hour.slice(0, 10),
    last: about.latest_hour.slice(0, 10),
    end: about.last_hour.slice(0, 10),
  };
