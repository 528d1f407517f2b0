// What the page says around its charts: what is chosen, what the site has, how the server is.

import { VIEWS } from "./address.js";
import { $, element } from "./dom.js";
import { ago, DAY, day, days, inWords, moment, nowAt, toMs } from "./format.js";
import { membersInWords } from "./members.js";
import { PRESETS, presetOf } from "./ranges.js";

const OLD_AFTER = 2 * DAY;
export const SITE_NAME = document.querySelector("h1").textContent;

/** Makes the buttons of the presets, and calls the given functions with what the reader chooses. */
export function addChoices({ choosePreset, choose, chooseAll }) {
  for (const preset of PRESETS) {
    const button = element("button", { type: "button", textContent: preset.name });
    button.addEventListener("click", () => choosePreset(preset));
    $("presets").append(button);
  }
  for (const id of ["measure", "compare"]) $(id).addEventListener("change", () => choose({ [id]: $(id).value }));
  $("show-all").addEventListener("click", chooseAll);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the part behind # names the view
    $("content").focus();
  });
}

export function markChoice(choice, site) {
  const current = site && presetOf(choice, site.last);
  for (const button of $("presets").children) {
    button.setAttribute("aria-pressed", String(button.textContent === current?.name));
  }
  $("measure").value = choice.measure || (site?.measures[0] ?? $("measure").value);
  $("compare").value = choice.compare;
  document.body.dataset.view = choice.view;
  for (const view of VIEWS) {
    $(`view-${view}`).hidden = view !== choice.view;
    const link = document.querySelector(`#views a[href="#${view}"]`);
    if (view === choice.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

const nameOfMeasure = (measure) => document.querySelector(`#measure [value=${measure}]`).textContent;

/** What is shown, in words: on paper, in pictures, in the title. */
export function subjectOf({ summary, measure, choice }) {
  const range = days(summary.first_hour.slice(0, 10), summary.last_hour.slice(0, 10));
  return [range, nameOfMeasure(measure), membersInWords(choice)].filter(Boolean).join(" · ");
}

/** The name of a file of a view's whole range. */
export const fileOf = (what, view) =>
  fileName(what, view, [view.summary.first_hour.slice(0, 10), view.summary.last_hour.slice(0, 10)]);

/** A file's name that says what is in it: the site, what it is, the measure, the range, and of whom. */
export function fileName(what, { measure, choice: { users, locations } }, [from, to]) {
  const parts = [SITE_NAME, what, measure, from, to, ...[...locations, ...users].slice(0, 3)];
  return parts.map((part) => part.replaceAll(/[^\p{L}\p{N}.-]+/gu, "-").replaceAll(/^-+|-+$/g, "")).join("_");
}

/** What stands in fields that no paper shows: the connection, or what is compared. */
function askedInWords({ choice, compared }) {
  if (choice.view !== "capacity") {
    return compared && choice.view !== "sessions" ? `compared with ${days(compared.start, compared.end)}` : "";
  }
  const { limitKw, limitKva, powerFactor, baseKw } = choice;
  const factor = powerFactor ? `, power factor ${powerFactor}` : "";
  const parts = [
    limitKw && `limit ${limitKw} kW`,
    limitKva && `limit ${limitKva} kVA${factor}`,
    (limitKw || limitKva) && baseKw && `base load ${baseKw} kW`,
  ];
  return parts.filter(Boolean).join(", ");
}

export function showSite(view) {
  const { site, choice, subject } = view;
  const extent = $("extent");
  if (!site) {
    extent.textContent = "Nothing was loaded yet.";
    return;
  }
  const age = nowAt(site.timezone) - toMs(site.latest_hour);
  const old = age > OLD_AFTER ? `, ${ago(age)}` : "";
  const future = site.last < site.end ? ` · hours in the future up to ${day(site.end)}` : "";
  extent.textContent = `Data of ${days(site.first, site.last)} · latest hour ${moment(site.latest_hour)}${old}${future}`;
  extent.dataset.old = String(age > OLD_AFTER);
  $("sample").hidden = !site.is_sample;
  $("clock").textContent = `All times are on the site's clock (${site.timezone}).`;
  for (const option of $("measure").options) {
    option.disabled = !site.measures.includes(option.value);
    option.label = option.textContent + (option.disabled ? " (never loaded)" : "");
  }
  document.querySelector('#views a[href="#sessions"]').parentElement.hidden = !site.has_sessions;
  $("subject").textContent = subject ? [subject, askedInWords(view)].filter(Boolean).join(" · ") : "";
  const title = document.querySelector(`#views a[href="#${choice.view}"]`).textContent;
  document.title = [SITE_NAME, title, subject].filter(Boolean).join(" · ");
}

/** Tells what of the address could not be read, and what is shown instead. */
export function showUnread(unread) {
  $("unread").hidden = !unread.length;
  $("unread").textContent = unread.length
    ? `The address could not be read as a whole: ${unread.join("; ")}. What you see is without that.`
    : "";
}

/** Shows either the figures or the notice that there are none. */
export function showNotice(view) {
  const { nothing } = view;
  $("figures").hidden = Boolean(nothing);
  $("notice").hidden = !nothing;
  if (!nothing) return;
  const [title, text, button] = NOTICES[nothing](view);
  $("notice-title").textContent = title;
  $("notice-text").textContent = text;
  $("show-all").hidden = !button;
  $("show-all").textContent = button;
  announce(title);
}

const NOTICES = {
  data: () => ["No data yet", "Load a file with “evload load FILE”, and this page shows it at once.", ""],
  range: ({ choice, site }) => [
    "Nothing was observed in this range",
    `${whyEmpty(choice)}. The data runs from ${days(site.first, site.end)}.`,
    "Show all",
  ],
  measure: ({ choice, site }) => [
    `“${nameOfMeasure(choice.measure)}” was never loaded`,
    `No row that was loaded has this measure, so there is nothing to show of it, not even 0. There is: ${site.measures.map(nameOfMeasure).join(", ")}.`,
    `Show ${nameOfMeasure(site.measures[0])}`,
  ],
  members: ({ detail }) => ["Not known here", unknownInWords(detail), "Show the whole site"],
};

/** Out of "No data found for user_id A, B and location_id C". */
const unknownInWords = (detail) =>
  `${detail.replace("No data found for ", "There is no ").replace("user_id ", "user ").replace("location_id ", "location ")}.`;

function whyEmpty({ start, end }) {
  if (!end) return `There are no hours from ${day(start)} on`;
  if (!start) return `There are no hours up to ${day(end)}`;
  return start > end ? "It ends before it starts" : `${days(start, end)} holds no hours`;
}

export function announceView({ summary, subject }, news) {
  announce(`${news ? "New data" : "Shown"}: ${subject}, ${inWords(summary.total_energy_kwh, "kWh")} in total.`);
}

function announce(text) {
  $("announcement").textContent = text;
}

export function showConnection(connection, text) {
  document.body.dataset.connection = connection;
  $("live-text").textContent = text;
}

/** An empty text takes the banner away. */
export function showBanner(text) {
  if ($("banner").textContent !== text) $("banner").textContent = text;
  $("banner").hidden = !text;
}
