// The page: what was chosen is fetched, shown, and shown again when there is something new.

import { presetOf, presetStart, readAddress, writeAddress } from "./address.js";
import { showCards } from "./cards.js";
import { Charts } from "./charts.js";
import { addChoices, announceView, markChoice, showBanner, showConnection, showNotice, showSite } from "./screen.js";
import { Refused, Watch } from "./server.js";
import { fetchView } from "./view.js";

const AGAIN_AFTER_MS = 1_000;
const RETRY_AFTER_MS = 2_000;

/** All that the page remembers. What it shows of it stands in the attributes of <body>. */
const state = {
  choice: readAddress(),
  followed: null, // the preset that moves along when a new day arrives
  site: null, // the first day, the latest one and, where hours lie in the future, the end; null where there is none
  shown: null, // the view on the screen
  shownAt: null, // when the last view arrived
  newestVersion: 0, // the newest data version that was heard of
  loading: null, // aborts what is on its way
  retrying: 0, // the timer of the next attempt
  listens: false, // whether events arrive
};
const page = document.body.dataset;
const charts = new Charts({ enterUser, leaveUser, sortBy: (sort) => choose({ sort }), away: troubled });

// ---- Loading

/** Fetches and shows the choice. What an earlier call has on its way is dropped. */
async function load({ news = false } = {}) {
  state.loading?.abort();
  clearTimeout(state.retrying);
  const mine = new AbortController();
  state.loading = mine;
  page.state = "loading";
  markChoice(state.choice, state.site);
  try {
    const view = await fetchView(state.choice, mine.signal);
    if (mine.signal.aborted) return;
    state.site = view.site;
    if (followLatestDay()) return load({ news });
    await show(view, news);
    if (!mine.signal.aborted) loaded(view);
  } catch (trouble) {
    if (!mine.signal.aborted) failed(trouble);
  }
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

function failed(trouble) {
  state.loading = null;
  page.state = state.shown ? (state.shown.nothing ? "empty" : "ready") : "failed";
  troubled(trouble);
  state.retrying = setTimeout(load, RETRY_AFTER_MS);
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
  if (view.nothing) return;
  showCards(view);
  await charts.show(view);
  page.drawn = "";
  if (before && (news || before.key !== view.key)) announceView(view, news);
}

function redraw() {
  charts.forget();
  if (state.shown && !state.shown.nothing) charts.show(state.shown);
}

// ---- Choosing

function choose(change) {
  state.choice = { ...state.choice, ...change };
  if (state.site && "start" in change) state.followed = presetOf(state.choice, state.site.last) ?? null;
  writeAddress(state.choice);
  return load();
}

function chooseDates(start, end) {
  return choose({ start: start === state.site?.first ? "" : start, end: end === state.site?.last ? "" : end });
}

async function enterUser(user) {
  await choose({ user });
  const { hours } = charts.panels;
  hours.root.scrollIntoView({ block: "start" });
  hours.heading.focus({ preventScroll: true });
}

async function leaveUser() {
  const { user } = state.choice;
  await choose({ user: "" });
  charts.users.focus(user);
}

function readAddressAgain() {
  state.choice = readAddress();
  state.followed = null;
  return load();
}

// ---- Staying up to date

function heard({ version, trouble, listens }) {
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
  const refused = trouble instanceof Refused;
  showConnection("away", refused ? "In trouble" : "Away");
  const what = refused ? `evload answers, but: ${trouble.message}` : "evload cannot be reached.";
  const kept = state.shownAt ? ` This is what it showed at ${state.shownAt.toLocaleTimeString()}.` : "";
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
addEventListener("popstate", readAddressAgain);
addChoices({
  choosePreset: (preset) => choose({ start: state.site ? presetStart(preset, state.site.last) : "", end: "" }),
  chooseDates,
  chooseMeasure: (measure) => choose({ measure }),
  chooseAll: () => choose({ start: "", end: "" }),
});
const watch = new Watch(heard);
load();
watch.open();
