// What the reader chose, as it stands in the page's address. What cannot be read there is told, and left out.

import { toDay, toMs, toText } from "./format.js";
import { addIds, readIds } from "./members.js";

/** The measures that evload knows, as it writes them into the page. */
const MEASURES = [...document.getElementById("measure").options].map(({ value }) => value);
export const VIEWS = [...document.querySelectorAll("#views a")].map((link) => link.hash.slice(1));
export const SORTS = ["energy_kwh", "user_id", "hours", "sessions"];
export const COMPARES = ["previous", "year", "none"];
export const PERIODS = ["month", "quarter", "year"];
export const RULES = ["no", "be", "de", "us"];

const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && toDay(toMs(text)) === text;

/** A day, or the first or the last one of a month or a year. */
function dayOf(text, isEnd) {
  try {
    if (isDay(text)) return text;
    const [, year, month] = /^(\d{4})(?:-(\d{2}))?$/.exec(text) ?? [];
    if (!year) return null;
    const first = `${year}-${month ?? (isEnd ? "12" : "01")}-01`;
    if (!isDay(first) || !isEnd) return isDay(first) ? first : null;
    return toDay(Date.UTC(Number(year), Number(first.slice(5, 7)), 0));
  } catch {
    return null; // looks like a day, but the calendar has no such one
  }
}

function zoomOf(text) {
  const [from, to] = text
    .split("~")
    .map((one) => (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(one) ? toMs(`${one}:00`) : NaN));
  return to > from ? [from, to] : null;
}

const number = (text) => (/^\d{1,9}(\.\d{1,6})?$/.test(text) ? text : null);
const oneOf = (known) => (text) => (known.includes(text) ? text : null);
const powers = (text) => (text.split(",").every(number) ? text : null);

/** Each parameter: where it goes in the choice, what it is unless given, how it is read, and what it should be. */
const PARAMETERS = {
  measure: ["measure", "", oneOf(MEASURES), "a measure, such as synthetic_3_6_kwh"],
  start_date: ["start", "", (text) => dayOf(text, false), "a day, such as 2020-01-31, a month or a year"],
  end_date: ["end", "", (text) => dayOf(text, true), "a day, such as 2020-01-31, a month or a year"],
  compare: ["compare", COMPARES[0], oneOf(COMPARES), COMPARES.join(", ")],
  sort: ["sort", SORTS[0], oneOf(SORTS), SORTS.join(", ")],
  zoom: ["zoom", null, zoomOf, "two times, such as 2020-01-31T06:00~2020-01-31T18:00"],
  by: ["by", PERIODS[0], oneOf(PERIODS), PERIODS.join(", ")],
  limit_kw: ["limitKw", "", number, "a power in kW"],
  limit_kva: ["limitKva", "", number, "a power in kVA"],
  power_factor: [
    "powerFactor",
    "",
    (text) => (number(text) && text > 0 && text <= 1 ? text : null),
    "above 0 and at most 1",
  ],
  base_kw: ["baseKw", "", number, "a power in kW"],
  rule: ["rule", RULES[0], oneOf(RULES), RULES.join(", ")],
  steps: ["steps", "", powers, "powers in kW with commas between them"],
};
const MEMBERS = { location_id: "locations", user_id: "users" };

/** The choice, and sentences about what of the address could not be read. */
export function readAddress() {
  const query = new URLSearchParams(location.search);
  const choice = { view: VIEWS.find((view) => `#${view}` === location.hash) ?? VIEWS[0] };
  const unread = [];
  for (const [name, [key, otherwise, read, should]] of Object.entries(PARAMETERS)) {
    const text = query.get(name) ?? "";
    const value = text === "" ? otherwise : read(text);
    choice[key] = value ?? otherwise;
    if (text !== "" && value === null) unread.push(`${name}=${text} is not ${should}`);
    else if (query.getAll(name).length > 1) unread.push(`${name} is given more than once`);
  }
  for (const [name, key] of Object.entries(MEMBERS)) {
    const ids = readIds(query, name);
    choice[key] = ids ?? [];
    if (!ids) unread.push(`${name}=${query.get(name)} is no list of ids`);
  }
  for (const name of new Set(query.keys())) {
    if (!(name in PARAMETERS || name in MEMBERS || name.startsWith("_"))) unread.push(`${name} is nothing it knows`);
  }
  if (choice.limitKw && choice.limitKva) {
    choice.limitKva = "";
    unread.push("limit_kva is given beside limit_kw");
  }
  return { choice, unread };
}

const shown = (value) => (Array.isArray(value) ? value.map((ms) => toText(ms).slice(0, 16)).join("~") : value);

export function writeAddress(choice, { replace = false } = {}) {
  const query = new URLSearchParams();
  for (const [name, [key, otherwise]] of Object.entries(PARAMETERS)) {
    if (choice[key] && choice[key] !== otherwise) query.set(name, shown(choice[key]));
  }
  for (const [name, key] of Object.entries(MEMBERS)) addIds(query, name, choice[key]);
  const hash = choice.view === VIEWS[0] ? "" : `#${choice.view}`;
  const address = `${location.pathname}${query.size ? `?${query}` : ""}${hash}`;
  if (address === `${location.pathname}${location.search}${location.hash}`) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
}
