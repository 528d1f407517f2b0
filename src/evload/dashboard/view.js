// Fetches all that one choice of the reader shows.

import { daysBefore, presetOf, rangeQuery } from "./address.js";
import { ask } from "./server.js";

const USERS_SHOWN = 10;

/** Fetches the view of a choice. If that is empty, `nothing` tells what lacks: all "data", or hours in the "range". */
export async function fetchView(choice, signal) {
  const get = (path, query, more = {}) => ask(path, new URLSearchParams([...query, ...Object.entries(more)]), signal);
  const { measure, start, end, user } = choice;
  const everyDay = await get("kpi/daily", rangeQuery({ measure }));
  const view = { choice, site: null, key: JSON.stringify([measure, start, end, user]), version: everyDay.version };
  if (!everyDay.data) return { ...view, nothing: "data" };
  if (!everyDay.data.some(within(choice))) {
    const { data } = await get("kpi/summary", rangeQuery({ measure }));
    return { ...view, site: siteOf(everyDay.data, data), nothing: "range", summary: data };
  }
  let shown = choice;
  let answers = await fetchAnswers(shown, get);
  const site = siteOf(everyDay.data, answers.summary.data);
  if (!end && site.last < site.end && start <= site.last) {
    shown = { ...choice, end: site.last };
    answers = await fetchAnswers(shown, get);
  }
  const { summary, ofUser, ...charts } = answers;
  if (!summary.data) return { ...view, site, nothing: "range", version: summary.version };
  const daily = everyDay.data.filter(within(shown));
  return {
    ...view,
    site,
    daily,
    kind: JSON.stringify([measure, presetOf(choice, site.last)?.name || [start, end], user]),
    version: Math.min(...[everyDay, summary, ...Object.values(charts)].map(({ version }) => version)),
    summary: summary.data,
    userRows: ofUser?.data,
    before: daysBefore(shown, everyDay.data),
    answers: { ...charts, daily: { data: daily, text: JSON.stringify(daily) } },
  };
}

const within =
  ({ start, end }) =>
  ({ day }) =>
    (!start || day >= start) && (!end || day <= end);

/** The first day, the latest one, with which choices end, and the end, which is later where hours lie in the future. */
function siteOf(everyDay, summary) {
  const [first, end] = [everyDay[0].day, everyDay.at(-1).day];
  return { first, last: summary?.latest_hour.slice(0, 10) ?? end, end };
}

async function fetchAnswers(choice, get) {
  const query = rangeQuery(choice);
  const { user, sort } = choice;
  const [summary, rhythm, duration, top, ofUser] = await Promise.all([
    get("kpi/summary", query),
    get("load/profile", query),
    get("load/duration-curve", query),
    get("users/summary", query, { sort, limit: USERS_SHOWN }),
    user && get(`load/${encodeURIComponent(user)}/hourly`, rangeQuery({ ...choice, measure: "" })),
  ]);
  return { summary, rhythm, duration, top, ofUser };
}
