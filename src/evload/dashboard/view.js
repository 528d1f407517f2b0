// Fetches all that one choice of the reader shows.

import { daysBefore, presetOf, rangeQuery } from "./address.js";
import { ask } from "./server.js";

const USERS_SHOWN = 10;

/** Fetches the view of a choice. If that is empty, `nothing` tells what lacks: all "data", or hours in the "range". */
export async function fetchView(choice, signal) {
  const get = (path, query, more = {}) => ask(path, new URLSearchParams([...query, ...Object.entries(more)]), signal);
  const { measure, start, end, user } = choice;
  const everyDay = await get("kpi/daily", rangeQuery({ measure }));
  const site = everyDay.data && { first: everyDay.data[0].day, last: everyDay.data.at(-1).day };
  const view = { choice, site, key: JSON.stringify([measure, start, end, user]), version: everyDay.version };
  if (!site) return { ...view, nothing: "data" };
  const daily = everyDay.data.filter(({ day }) => (!start || day >= start) && (!end || day <= end));
  if (!daily.length) {
    const { data } = await get("kpi/summary", rangeQuery({ measure }));
    return { ...view, nothing: "range", summary: data };
  }
  const { summary, ofUser, ...charts } = await fetchAnswers(choice, get);
  if (!summary.data) return { ...view, nothing: "range", version: summary.version };
  return {
    ...view,
    daily,
    kind: JSON.stringify([measure, presetOf(choice, site.last)?.name || [start, end], user]),
    version: Math.min(...[everyDay, summary, ...Object.values(charts)].map(({ version }) => version)),
    summary: summary.data,
    userRows: ofUser?.data,
    before: daysBefore(choice, everyDay.data),
    answers: { ...charts, daily: { data: daily, text: JSON.stringify(daily) } },
  };
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
