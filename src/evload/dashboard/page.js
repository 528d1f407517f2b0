// The page: what was chosen is fetched, shown, and shown again when there is something new.

import { readAddress, writeAddress } from "./address.js";
import { Capacity, fetchCapacity } from "./capacity.js";
import { Dates } from "./dates.js";
import { $ } from "./dom.js";
import { Filters } from "./filters.js";
import { nameOf } from "./members.js";
import { fetchMonths, Months } from "./months.js";
import { fetchOverview, Overview } from "./overview.js";
import { presetOf, presetStart } from "./ranges.js";
import {
  addChoices,
  announceView,
  markChoice,
  showBanner,
  showConnection,
  showNotice,
  showSite,
  showUnread,
} from "./screen.js";
import { ask, Refused, Watch } from "./server.js";
import { fetchSessions, Sessions } from "./sessions.js";
import { fetchView } from "./view.js";

const AGAIN_AFTER_MS = 1_000;
const RETRY_AFTER_MS = 2_000;

/** What is taken out of the choice where it shows nothing. */
const WITHOUT = { range: { start: "", end: "" }, measure: { measure: "" }, members: { users: [], locations: [] } };

/** The views: what each asks for, and what shows it. */
const VIEWS = {
  overview: { fetch: fetchOverview, Section: Overview },
  months: { fetch: fetchMonths, Section: Months },
  sessions: { fetch: fetchSessions, Section: Sessions },
  capacity: { fetch: fetchCapacity, Section: Capacity },
};

/** All that the page remembers. What it shows of it stands in the attributes of <body>. */
const state = {
  ...readAddress(), // the choice, and what of the address could not be read
  followed: null, // the preset that moves along when a new day arrives
  site: null, // the first day, the latest one and, where hours lie in the future, the end; null where there is none
  shown: null, // the view on the screen
  sections: {}, // what shows each view, once it was shown
  shownAt: null, // when the last view arrived
  newestVersion: 0, // the newest data version that was heard of
  loading: null, // aborts what is on its way
  retrying: 0, // the timer of the next attempt
  listens: false, // whether events arrive
};
const page = document.body.dataset;
const dates = new Dates({ choose: chooseDates });
const filters = new Filters({ chosen: () => state.choice, choose, failed: troubled });
const heard = {
  choose,
  enterUser,
  sortBy: (sort) => choose({ sort }),
  zoomed,
  failed: troubled,
};

// ---- Loading

/** Fetches and shows the choice. What an earlier call has on its way is dropped. */
async function load({ news = false } = {}) {
  state.loading?.abort();
  clearTimeout(state.retrying);
  const mine = new AbortController();
  state.loading = mine;
  page.state = "loading";
  markChoice(state.choice, state.site);
  dates.show(state.choice, state.site);
  showUnread(state.unread);
  try {
    await readAccess(mine.signal);
    const view = await fetchView(state.choice, mine.signal, VIEWS[state.choice.view].fetch);
    if (mine.signal.aborted) return;
    state.site = view.site;
    if (followLatestDay()) return load({ news });
    await show(view, news);
    if (!mine.signal.aborted) loaded(view);
  } catch (trouble) {
    if (!mine.signal.aborted) failed(trouble);
  }
}

/** What the token may see: of users nothing is asked where it may not see any. */
async function readAccess(signal) {
  const { data } = await ask("access", "", signal);
  page.seesUsers = data.sees_users;
  $("sign-out").hidden = data.token === null;
  const { view } = state.choice;
  if (!data.sees_users) state.choice = { ...state.choice, users: [], view: view === "sessions" ? "overview" : view };
}

function loaded(view) {
  state.loading = null;
  state.shownAt = new Date();
  page.state = view.nothing ? "empty" : "ready";
  page.version = view.version;
  performance.mark("complete");
  showBanner("");
  connected();
  if (state.newestVersion > view.version) setTimeout(loadIfBehind, AGAIN_AFTER_MS);
}

function loadIfBehind() {
  if (state.newestVersion > Number(page.version)) load({ news: true });
}

/** Whether the question itself is refused, so that asking it again is of no use. */
const isAsked = (trouble) => trouble instanceof Refused && [400, 422].includes(trouble.status);

function failed(trouble) {
  state.loading = null;
  page.state = state.shown ? (state.shown.nothing ? "empty" : "ready") : "failed";
  troubled(trouble);
  if (!isAsked(trouble)) state.retrying = setTimeout(load, RETRY_AFTER_MS);
}

/** Moves "the last 30 days" along when a new day arrived, and tells whether it did. */
function followLatestDay() {
  const { choice, followed, site } = state;
  if (!site) return false;
  const start = followed && presetStart(followed, site.last);
  if (start && start !== choice.start) {
    state.choice = { ...choice, start };
    writeAddress(state.choice, { replace: true });
    return true;
  }
  state.followed = presetOf(choice, site.last) ?? null;
  return false;
}

async function show(view, news) {
  const before = state.shown;
  state.shown = view;
  showNotice(view);
  showSite(view);
  markChoice(state.choice, state.site);
  dates.show(state.choice, state.site);
  filters.show(view.choice, view.version);
  showWho(view.choice);
  if (view.nothing) return;
  await section(view.choice.view).show(view);
  page.drawn = "";
  const isOther = before && (before.key !== view.key || before.choice.view !== view.choice.view);
  if (news || isOther) announceView(view, news);
}

function section(name) {
  state.sections[name] ??= new VIEWS[name].Section(heard);
  return state.sections[name];
}

function showWho({ users }) {
  const one = users.length === 1;
  $("who").hidden = !one;
  if (one) $("who").firstElementChild.textContent = nameOf(users[0]);
}

function redraw() {
  for (const one of Object.values(state.sections)) one.forget();
  const { shown } = state;
  if (shown && !shown.nothing) section(shown.choice.view).show({ ...shown, choice: state.choice });
}

// ---- Choosing

function choose(change) {
  if ("start" in change || "end" in change) change.zoom ??= null;
  state.choice = { ...state.choice, ...change };
  state.unread = [];
  if (state.site && "start" in change) state.followed = presetOf(state.choice, state.site.last) ?? null;
  writeAddress(state.choice);
  return load();
}

function chooseDates(start, end) {
  return choose({ start: start === state.site?.first ? "" : start, end: end === state.site?.last ? "" : end });
}

/** The zoom is in the address, and in no step back of its own. */
function zoomed(zoom) {
  state.choice = { ...state.choice, zoom };
  writeAddress(state.choice, { replace: true });
}

async function enterUser(user) {
  await choose({ users: [user], view: "overview" });
  $("who").scrollIntoView({ block: "start" });
  $("who").firstElementChild.focus({ preventScroll: true });
}

async function leaveUser() {
  const [user] = state.choice.users;
  await choose({ users: [] });
  section("overview").panels.users.focus(user);
}

/** What the reader or the browser changed in the address. */
function readAddressAgain() {
  Object.assign(state, readAddress());
  state.followed = null;
  return load();
}

// ---- Staying up to date

function news({ version, trouble, listens }) {
  if (trouble) return troubled(trouble);
  if (listens !== undefined) heardStream(listens);
  if (version !== undefined) heardVersion(version);
}

function heardStream(listens) {
  state.listens = listens;
  if (page.connection !== "away") connected();
  // A stream that was cut tells the version only if it is another one by now.
  else if (listens && !state.loading) load();
}

function heardVersion(version) {
  state.newestVersion = version;
  const behind = Boolean(state.shown) && version !== Number(page.version);
  if (!state.loading && (behind || page.connection === "away")) load({ news: behind });
}

function connected() {
  if (state.listens) showConnection("live", "Live");
  else showConnection("polling", "Looking every few seconds");
}

function troubled(trouble) {
  const kept = state.shownAt ? ` This is what it showed at ${state.shownAt.toLocaleTimeString()}.` : "";
  if (isAsked(trouble)) return showBanner(`evload refuses that: ${trouble.message}${kept}`);
  const refused = trouble instanceof Refused;
  showConnection("away", refused ? "In trouble" : "Away");
  const what = refused ? `evload answers, but: ${trouble.message}` : "evload cannot be reached.";
  showBanner(`${what}${kept} Trying again …`);
}

// ---- Starting

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
addEventListener("popstate", readAddressAgain); // a view's link does so too
document.querySelector("#who button").addEventListener("click", leaveUser);
addChoices({
  choosePreset: (preset) => choose({ start: state.site ? presetStart(preset, state.site.last) : "", end: "" }),
  choose,
  chooseAll: () => choose(WITHOUT[state.shown.nothing]),
});
const watch = new Watch(news);
load();
watch.open();
