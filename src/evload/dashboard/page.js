// The page: what was chosen is fetched, shown, and shown again when there is something new.

import { DAY, ago, day, days, moment, nowAt, number, toMs } from "./format.js";
import { PRESETS, presetOf, presetStart, daysBefore, rangeQuery, readAddress, writeAddress } from "./address.js";
import { Refused, Watch, ask } from "./server.js";
import { activeHours, dailyEnergy, durationCurve, weeklyRhythm } from "./figures.js";
import { Panel, element } from "./panel.js";
import { showCards } from "./cards.js";
import { Hours } from "./hours.js";
import { Users } from "./users.js";

const OLD_AFTER = 2 * DAY;
const AGAIN_AFTER_MS = 1_000;
const RETRY_AFTER_MS = 2_000;
const USERS_SHOWN = 10;

const $ = (id) => document.getElementById(id);
const page = document.body.dataset;

let choice = readAddress();
let site = null; // the first and the last observed day; null where there is none
let shown = null; // the view on the screen
let newest = 0; // the newest data version that was heard of
let loading = null; // aborts what is on its way
let retrying = 0;
let listens = false;
let pictureOf = null; // when the last view arrived

const panels = {
  daily: new Panel("daily", "Daily energy"),
  hours: new Hours("hours", { leave: () => leaveUser(), away: (trouble) => troubled(trouble) }),
  rhythm: new Panel("rhythm", "Week by hour"),
  duration: new Panel("duration", "Load duration"),
  active: new Panel("active", "Active hours"),
};
const users = new Users("users", { enter: (user) => enterUser(user), sortBy: (sort) => choose({ sort }) });

// ---- Fetching

async function fetchView(signal) {
  const { measure, start, end, user, sort } = choice;
  const get = (path, query, more = {}) => ask(path, new URLSearchParams([...query, ...Object.entries(more)]), signal);
  const everyDay = await get("kpi/daily", rangeQuery({ measure }));
  site = everyDay.data && { first: everyDay.data[0].day, last: everyDay.data.at(-1).day };
  const key = JSON.stringify([measure, start, end, user]);
  const kind = JSON.stringify([measure, (site && presetOf(choice, site.last)?.name) || [start, end], user]);
  if (!site) return { key, choice, nothing: "data", version: everyDay.version };
  const daily = everyDay.data.filter(({ day }) => (!start || day >= start) && (!end || day <= end));
  const query = rangeQuery(daily.length ? choice : { measure });
  if (!daily.length) return { key, choice, nothing: "range", version: everyDay.version, summary: (await get("kpi/summary", query)).data };
  const [summary, rhythm, duration, top, ofUser] = await Promise.all([
    get("kpi/summary", query),
    get("load/profile", query),
    get("load/duration-curve", query),
    get("users/summary", query, { sort, limit: USERS_SHOWN }),
    user && get(`load/${encodeURIComponent(user)}/hourly`, query),
  ]);
  if (!summary.data) return { key, choice, nothing: "range", version: summary.version };
  return {
    key, kind, choice, version: Math.min(...[everyDay, summary, rhythm, duration, top].map((answer) => answer.version)), summary: summary.data, daily, userRows: ofUser?.data,
    before: daysBefore(choice, everyDay.data), answers: { daily: { data: daily, text: JSON.stringify(daily) }, rhythm, duration, top },
  };
}

/** Fetches and shows the choice. What an earlier call has on its way is dropped. */
async function load({ news = false } = {}) {
  loading?.abort();
  clearTimeout(retrying);
  const mine = (loading = new AbortController());
  page.state = "loading";
  markChoice();
  try {
    const view = await fetchView(mine.signal);
    if (mine.signal.aborted) return;
    if (followLatestDay()) return load({ news });
    await show(view, news);
    if (mine.signal.aborted) return;
    loading = null;
    pictureOf = new Date();
    page.state = view.nothing ? "empty" : "ready";
    performance.mark("complete");
    page.version = view.version;
    recovered();
    if (newest > view.version) setTimeout(() => newest > Number(page.version) && load({ news: true }), AGAIN_AFTER_MS);
  } catch (trouble) {
    if (mine.signal.aborted) return;
    loading = null;
    page.state = shown ? (shown.nothing ? "empty" : "ready") : "failed";
    troubled(trouble);
    retrying = setTimeout(load, RETRY_AFTER_MS);
  }
}

/** "The last 30 days" stay the last 30 days when a new day arrives. */
let followed = null;
function followLatestDay() {
  const latest = site?.last;
  const start = followed && latest && presetStart(followed, latest);
  const moved = start && start !== choice.start;
  if (moved) {
    choice = { ...choice, start };
    writeAddress(choice, { replace: true });
  } else if (latest) {
    followed = presetOf(choice, latest) ?? null;
  }
  return moved;
}

// ---- Showing

async function show(view, news) {
  const was = shown;
  shown = view;
  $("figures").hidden = Boolean(view.nothing);
  $("notice").hidden = !view.nothing;
  showSite(view.summary);
  markChoice();
  if (view.nothing) return showNothing(view);
  showCards(view);
  await showCharts(view);
  page.drawn = "";
  if (was && (news || was.key !== view.key)) say(view, news);
}

function showNothing({ nothing, choice: { start, end } }) {
  const empty = nothing === "data";
  $("notice-title").textContent = empty ? "No data yet" : "Nothing was observed in this range";
  $("show-all").hidden = empty;
  const asked = start && end ? (start > end ? "It ends before it starts" : `${days(start, end)} holds no hours`) : start ? `There are no hours from ${day(start)} on` : `There are no hours up to ${end && day(end)}`;
  $("notice-text").textContent = empty
    ? "Load a file with “evload load FILE”, and this page shows it at once."
    : `${asked}. The data runs from ${days(site.first, site.last)}.`;
  announce($("notice-title").textContent);
}

function showSite(summary) {
  const extent = $("extent");
  if (!summary) return void (extent.textContent = "Nothing was loaded yet.");
  const age = nowAt(summary.timezone) - toMs(summary.latest_hour);
  const old = age > OLD_AFTER ? `, ${ago(age)}` : "";
  extent.textContent = `${days(site.first, site.last)} · latest hour ${moment(summary.latest_hour)}${old}`;
  extent.dataset.old = String(age > OLD_AFTER);
  $("clock").textContent = `All times are on the site's clock (${summary.timezone}).`;
  for (const id of ["start", "end"]) [$(id).min, $(id).max] = [site.first, site.last];
}

async function showCharts(view) {
  const { answers, key, kind, summary } = view;
  const [from, to] = [summary.first_hour.slice(0, 10), summary.last_hour.slice(0, 10)];
  const draw = (name, answer, figure, about) => {
    const file = ["evload", name, view.choice.measure, from, to].join("-");
    if (!answer.data?.length) return panels[name].say("There is nothing to show in this range.");
    return panels[name].draw(figure(answer.data), { about, view: kind, stamp: `${key} ${answer.text}`, file });
  };
  users.show(answers.top.data ?? [], {
    current: view.choice.user, sort: view.choice.sort, stamp: `${key} ${view.choice.sort} ${answers.top.text}`, file: ["evload", "users", view.choice.measure, from, to].join("-"),
  });
  await Promise.all([
    draw("daily", answers.daily, dailyEnergy, "Energy of each day, kWh, with the mean of the seven days that end with it"),
    panels.hours.show(view),
    draw("rhythm", answers.rhythm, weeklyRhythm, "Mean load of each hour of the week, kWh"),
    draw("duration", answers.duration, durationCurve, "How much of the time the load is at least this high"),
    draw("active", answers.daily, activeHours, "Hours of each day in which any energy flowed"),
  ]);
}

function say(view, news) {
  const energy = `${number(view.summary.total_energy_kwh)} kWh in total`;
  announce(`${news ? "New data" : "Shown"}: ${days(view.summary.first_hour.slice(0, 10), view.summary.last_hour.slice(0, 10))}, ${energy}.`);
}

function announce(text) {
  $("announcement").textContent = text;
}

// ---- Choosing

function choose(change) {
  choice = { ...choice, ...change };
  followed = site && "start" in change ? (presetOf(choice, site.last) ?? null) : followed;
  writeAddress(choice);
  return load();
}

async function enterUser(user) {
  await choose({ user });
  panels.hours.root.scrollIntoView({ block: "start" });
  panels.hours.heading.focus({ preventScroll: true });
}

async function leaveUser() {
  const { user } = choice;
  await choose({ user: "" });
  users.focus(user);
}

function markChoice() {
  const current = site && presetOf(choice, site.last);
  for (const button of $("presets").children) button.setAttribute("aria-pressed", String(button.textContent === current?.name));
  $("start").value = choice.start || (site?.first ?? "");
  $("end").value = choice.end || (site?.last ?? "");
  $("measure").value = choice.measure;
  document.title = choice.user ? `${choice.user} · evload` : "evload";
}

function addChoices() {
  for (const preset of PRESETS) {
    const button = element("button", { type: "button", textContent: preset.name });
    button.addEventListener("click", () => choose({ start: site ? presetStart(preset, site.last) : "", end: "" }));
    $("presets").append(button);
  }
  const dates = () => choose({
    start: $("start").value === site?.first ? "" : $("start").value,
    end: $("end").value === site?.last ? "" : $("end").value,
  });
  $("start").addEventListener("change", dates);
  $("end").addEventListener("change", dates);
  $("measure").addEventListener("change", () => choose({ measure: $("measure").value }));
  $("show-all").addEventListener("click", () => choose({ start: "", end: "" }));
  addEventListener("popstate", () => {
    choice = readAddress();
    followed = null;
    load();
  });
}

// ---- Staying up to date

function heard({ version, trouble, listens: hears }) {
  if (trouble) return troubled(trouble);
  if (hears !== undefined) {
    listens = hears;
    if (page.connection !== "away") connected();
  }
  // A stream that was cut tells the version only if it is another one by now.
  if (hears && page.connection === "away" && !loading) load();
  if (version === undefined) return;
  newest = version;
  const behind = Boolean(shown) && version !== Number(page.version);
  if (!loading && (behind || page.connection === "away")) load({ news: behind });
}

function connection(state, text) {
  page.connection = state;
  $("live-text").textContent = text;
}

function troubled(trouble) {
  const refused = trouble instanceof Refused;
  connection("away", refused ? "In trouble" : "Away");
  const what = refused ? `evload answers, but: ${trouble.message}` : "evload cannot be reached.";
  const kept = pictureOf ? ` This is what it showed at ${pictureOf.toLocaleTimeString()}.` : "";
  const text = `${what}${kept} Trying again …`;
  if ($("banner").textContent !== text) $("banner").textContent = text;
  $("banner").hidden = false;
}

function recovered() {
  $("banner").hidden = true;
  $("banner").textContent = "";
  connected();
}

function connected() {
  connection(listens ? "live" : "polling", listens ? "Live" : "Looking every few seconds");
}

function redraw() {
  for (const panel of Object.values(panels)) panel.forget();
  return shown && !shown.nothing ? showCharts(shown) : undefined;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
// Paper is white, and narrower than a screen.
addEventListener("beforeprint", () => {
  document.documentElement.dataset.print = "";
  redraw();
});
addEventListener("afterprint", () => {
  delete document.documentElement.dataset.print;
  redraw();
});

const watch = new Watch(heard);
addChoices();
load();
watch.open();
