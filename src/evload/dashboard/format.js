// Numbers and times for people. Times come on the site's clock, without an offset: they are read as if they were UTC,
// and written in UTC again, so that the reader's own time zone never moves them.

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export const toMs = (text) => Date.parse(`${text}T00:00:00`.slice(0, 19) + "Z");
export const toText = (ms) => new Date(ms).toISOString().slice(0, 19);
export const toDay = (ms) => toText(ms).slice(0, 10);

const written = (options) => new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" });
const DATE = { day: "numeric", month: "short", year: "numeric" };
const dayFormat = written(DATE);
const weekdayFormat = written({ ...DATE, weekday: "short" });
const momentFormat = written({ ...DATE, hour: "2-digit", minute: "2-digit" });
const monthFormat = written({ month: "short", year: "numeric" });
const timeFormat = written({ hour: "2-digit", minute: "2-digit" });

export const day = (text) => dayFormat.format(toMs(text));
export const weekdayAndDay = (text) => weekdayFormat.format(toMs(text));
export const moment = (text) => momentFormat.format(toMs(text));
export const time = (text) => timeFormat.format(toMs(text));
export const days = (from, to) => dayFormat.formatRange(toMs(from), toMs(to));
export const monthOf = (text) => monthFormat.format(toMs(text));
export const hourOf = (text) => `${moment(text)} – ${time(toText(toMs(text) + HOUR))}`;

/** From Monday on. */
export function weekdays(style) {
  const format = written({ weekday: style });
  return [...Array(7).keys()].map((n) => format.format((n + 4) * DAY));
}

const formats = new Map();

export function number(value, digits = 2, extra = {}) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const key = `${digits}${JSON.stringify(extra)}`;
  if (!formats.has(key)) {
    // A minus only before what is below zero as it is written: never "-0.000".
    const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" };
    formats.set(key, new Intl.NumberFormat(undefined, { ...fixed, ...extra }));
  }
  return formats.get(key).format(value);
}

/** Units from small to large, and how much of the one before each of them is. */
const UNITS = { kWh: ["kWh", "MWh", "GWh"], kW: ["kW", "MW", "GW"] };
const AT_MOST = 100_000;

/** The unit in which the largest of some figures is readable, and what a figure is divided by for it. */
export function unitFor(largest, unit) {
  const units = UNITS[unit];
  let [index, per] = [0, 1];
  while (Math.abs(largest) / per >= AT_MOST && index + 1 < units.length) [index, per] = [index + 1, per * 1000];
  return { unit: units[index], per };
}

/** A figure and its unit, such as 5,349.24 and MWh. */
export function amount(value, unit, digits = 2) {
  if (!(unit in UNITS)) return { figure: number(value, digits), unit };
  const { unit: larger, per } = unitFor(value ?? 0, unit);
  return { figure: number(value === null ? null : value / per, digits), unit: larger };
}

export const inWords = (value, unit, digits = 2) => {
  const { figure, unit: larger } = amount(value, unit, digits);
  return `${figure} ${larger}`;
};

/** "1 user", "97 users". */
export const count = (value, noun) => `${number(value, 0)} ${noun}${value === 1 ? "" : "s"}`;

export const percent = (ratio, extra = {}) => number(ratio, 1, { style: "percent", ...extra });

const MOST_PERCENT = 500;

/** A change as a ratio, "+12.3%"; from sixfold on how many times as much it is: "× 21". */
export function changeOf(ratio) {
  if (ratio === null) return "–";
  return 100 * ratio > MOST_PERCENT ? `× ${number(1 + ratio, 0)}` : percent(ratio, { signDisplay: "exceptZero" });
}

export function ago(ms) {
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" }); // as all words of the page
  const units = [
    ["year", 365.25 * DAY],
    ["month", 30.4 * DAY],
    ["day", DAY],
    ["hour", HOUR],
  ];
  const [unit, size] = units.find(([, one]) => ms >= one) ?? units.at(-1);
  return relative.format(-Math.floor(ms / size), unit);
}

/** What the site's clock shows now, in the same reading as `toMs`. */
export function nowAt(timezone) {
  const parts = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  };
  const shown = new Intl.DateTimeFormat("sv", { ...parts, timeZone: timezone }).format(new Date());
  return toMs(shown.replace(" ", "T"));
}

/** The reader's way with numbers and dates, for the axes of charts. */
export function plotlyLocale() {
  const months = (style) => {
    const format = written({ month: style });
    return [...Array(12).keys()].map((n) => format.format(Date.UTC(2001, n, 15)));
  };
  const fromSunday = ([...monday]) => [monday.pop(), ...monday];
  const parts = new Intl.NumberFormat(undefined).formatToParts(-12345678.9);
  const part = (type) => parts.find((one) => one.type === type)?.value;
  const dayFirst = dayFormat.formatToParts(0).findIndex((one) => one.type === "day") === 0;
  return {
    moduleType: "locale",
    name: "reader",
    dictionary: {},
    format: {
      days: fromSunday(weekdays("long")),
      shortDays: fromSunday(weekdays("short")),
      months: months("long"),
      shortMonths: months("short"),
      periods: ["AM", "PM"],
      dateTime: "%x %X",
      date: dayFirst ? "%-d %b %Y" : "%b %-d, %Y",
      time: "%H:%M:%S",
      decimal: part("decimal") ?? ".",
      thousands: part("group") ?? "",
      grouping: [3],
      currency: ["", ""],
      year: "%Y",
      month: "%b %Y",
      dayMonth: dayFirst ? "%-d %b" : "%b %-d",
      dayMonthYear: dayFirst ? "%-d %b %Y" : "%b %-d, %Y",
    },
  };
}
