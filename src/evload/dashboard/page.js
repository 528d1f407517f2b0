// The page: what was chosen is fetched, shown, and shown again when there is something new.

import { DAY, ago, day, days, moment, nowAt, number, toMs } from "./format.js";
import { PRESETS, presetOf, presetStart, rangeBefore, rangeQuery, readAddress, writeAddress } from "./address.js";
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
let site = null; // the summary of everything, of the chosen measure; null where there is nothing
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
const users = new Users("users", (user) => enterUser(user));

// ---- Fetching

async function fetchView(signal) {
  const all = await ask("kpi/summary", new URLSearchParams({ measure: choice.measure }), signal);
  site = all.data;
  const { measure, start, end, user } = choice;
  const key = JSON.stringify([measure, start, end, user]);
  const kind = JSON.stringify([measure, (site && presetOf(choice, site.last_7_days_to)?.name) || [start, end], user]);
  if (!site) return { key, choice, nothing: "data", version: all.version };
  const outside = (start && start > site.last_hour.slice(0, 10)) || (end && end < site.first_hour.slice(0, 10)) || (start && end && start > end);
  if (outside) return { key, choice, nothing: "range", version: all.version };
  const query = rangeQuery(choice);
  const before = rangeBefore(choice, site);
  const get = (path, more = {}) => ask(path, new URLSearchParams([...query, ...Object.entries(more)]), signal);
  const [summary, earlier, daily, rhythm, duration, top, ofUser] = await Promise.all([
    start || end ? get("kpi/summary") : all,
    before && ask("kpi/summary", rangeQuery({ measure, ...before }), signal),
    get("kpi/daily"),
    get("load/profile"),
    get("load/duration-curve"),
    get("users/summary", { limit: USERS_SHOWN }),
    user && ask(`load/${encodeURIComponent(user)}/hourly`, query, signal),
  ]);
  if (!summary.data || !daily.data) return { key, choice, nothing: "range", version: summary.version };
  return {
    key, kind, choice, version: summary.version, summary: summary.data, daily: daily.data, userRows: ofUser?.data,
    earlier: earlier?.data && { ...earlier.data, ...before }, answers: { daily, rhythm, duration, top },
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
  const latest = site?.last_7_days_to;
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
  showSite();
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
    : `${asked}. The data runs from ${days(site.first_hour.slice(0, 10), site.last_hour.slice(0, 10))}.`;
  announce($("notice-title").textContent);
}

function showSite() {
  const extent = $("extent");
  if (!site) return void (extent.textContent = "Nothing was loaded yet.");
  const age = nowAt(site.timezone) - toMs(site.last_hour);
  const old = age > OLD_AFTER ? ` · latest hour ${moment(site.last_hour)}, ${ago(age)}` : ` · latest hour ${moment(site.last_hour)}`;
  extent.textContent = `${days(site.first_hour.slice(0, 10), site.last_hour.slice(0, 10))}${old}`;
  extent.dataset.old = String(age > OLD_AFTER);
  $("clock").textContent = `All times are on the site's clock (${site.timezone}).`;
  for (const id of ["start", "end"]) {
    $(id).min = site.first_hour.slice(0, 10);
    $(id).max = site.last_hour.slice(0, 10);
  }
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
    current: view.choice.user, stamp: `${key} ${answers.top.text}`, file: ["evload", "users", view.choice.measure, from, to].join("-"),
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
  followed = site && "start" in change ? (presetOf(choice, site.last_7_days_to) ?? null) : followed;
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
  const current = site && presetOf(choice, site.last_7_days_to);
  for (const button of $("presets").children) button.setAttribute("aria-pressed", String(button.textContent === current?.name));
  $("start").value = choice.start || (site?.first_hour.slice(0, 10) ?? "");
  $("end").value = choice.end || (site?.last_hour.slice(0, 10) ?? "");
  $("measure").value = choice.measure;
  document.title = choice.user ? `${choice.user} · evload` : "evload";
}

function addChoices() {
  for (const preset of PRESETS) {
    const button = element("button", { type: "button", textContent: preset.name });
    button.addEventListener("click", () => choose({ start: site ? presetStart(preset, site.last_7_days_to) : "", end: "" }));
    $("presets").append(button);
  }
  const dates = () => choose({
    start: $("start").value === site?.first_hour.slice(0, 10) ? "" : $("start").value,
    end: $("end").value === site?.last_hour.slice(0, 10) ? "" : $("end").value,
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
