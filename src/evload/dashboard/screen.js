// What the page says around its charts: what is chosen, what the site has, how the server is.

import { PRESETS, presetOf } from "./address.js";
import { ago, DAY, day, days, moment, nowAt, number, toMs } from "./format.js";
import { element } from "./panel.js";

const OLD_AFTER = 2 * DAY;

const $ = (id) => document.getElementById(id);

/** Makes the buttons of the presets, and calls the given functions with what the reader chooses. */
export function addChoices({ choosePreset, chooseDates, chooseMeasure, chooseAll }) {
  for (const preset of PRESETS) {
    const button = element("button", { type: "button", textContent: preset.name });
    button.addEventListener("click", () => choosePreset(preset));
    $("presets").append(button);
  }
  for (const id of ["start", "end"]) {
    $(id).addEventListener("change", () => chooseDates($("start").value, $("end").value));
  }
  $("measure").addEventListener("change", () => chooseMeasure($("measure").value));
  $("show-all").addEventListener("click", chooseAll);
}

export function markChoice(choice, site) {
  const current = site && presetOf(choice, site.last);
  for (const button of $("presets").children) {
    button.setAttribute("aria-pressed", String(button.textContent === current?.name));
  }
  $("start").value = choice.start || (site?.first ?? "");
  $("end").value = choice.end || (site?.last ?? "");
  $("measure").value = choice.measure;
  document.title = choice.user ? `${choice.user} · evload` : "evload";
}

export function showSite({ site, summary }) {
  const extent = $("extent");
  if (!summary) {
    extent.textContent = "Nothing was loaded yet.";
    return;
  }
  const age = nowAt(summary.timezone) - toMs(summary.latest_hour);
  const old = age > OLD_AFTER ? `, ${ago(age)}` : "";
  const future = site.last < site.end ? ` · hours in the future up to ${day(site.end)}` : "";
  extent.textContent = `${days(site.first, site.last)} · latest hour ${moment(summary.latest_hour)}${old}${future}`;
  extent.dataset.old = String(age > OLD_AFTER);
  $("clock").textContent = `All times are on the site's clock (${summary.timezone}).`;
  for (const id of ["start", "end"]) [$(id).min, $(id).max] = [site.first, site.end];
}

/** Shows either the figures or the notice that there are none. */
export function showNotice({ nothing, choice, site }) {
  $("figures").hidden = Boolean(nothing);
  $("notice").hidden = !nothing;
  if (!nothing) return;
  const empty = nothing === "data";
  $("notice-title").textContent = empty ? "No data yet" : "Nothing was observed in this range";
  $("show-all").hidden = empty;
  $("notice-text").textContent = empty
    ? "Load a file with “evload load FILE”, and this page shows it at once."
    : `${whyEmpty(choice)}. The data runs from ${days(site.first, site.end)}.`;
  announce($("notice-title").textContent);
}

function whyEmpty({ start, end }) {
  if (!end) return `There are no hours from ${day(start)} on`;
  if (!start) return `There are no hours up to ${day(end)}`;
  return start > end ? "It ends before it starts" : `${days(start, end)} holds no hours`;
}

export function announceView({ summary }, news) {
  const range = days(summary.first_hour.slice(0, 10), summary.last_hour.slice(0, 10));
  announce(`${news ? "New data" : "Shown"}: ${range}, ${number(summary.total_energy_kwh)} kWh in total.`);
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
