// The second view: what the connection carries, against a limit, and what a tariff bills.

import { RULES } from "./address.js";
import { showCards } from "./cards.js";
import { $, element } from "./dom.js";
import { durationCurve } from "./figures.js";
import { count, hourOf, inWords, number } from "./format.js";
import { Panel, TablePanel } from "./panel.js";
import { billedDemand, demandPerUser } from "./planning.js";
import { monthWithin, rangeQuery } from "./ranges.js";
import { fileOf } from "./screen.js";
import { orRefused } from "./server.js";

const POINTS = 400;
const PEAKS = 10;
const NOT_ASKED = { data: null, text: "", version: Infinity };
const LIMIT = { limit_kw: "limitKw", limit_kva: "limitKva", power_factor: "powerFactor", base_kw: "baseKw" };
const RULE_WORDS = {
  no: ["Norway", "Mean of the three highest daily peaks of the month."],
  be: [
    "Flanders",
    "The month's peak, at least 2.5 kW, mean of twelve months. Billed by quarters of an hour: at least this.",
  ],
  de: ["Germany", "The peak of the calendar year. Billed by quarters of an hour: at least this."],
  us: ["Month's peak", "The highest hour of the month. Where quarters of an hour are billed, it is at least this."],
};

function limitOf(choice) {
  if (!choice.limitKw && !choice.limitKva) return null;
  const given = Object.entries(LIMIT).map(([name, key]) => [name, choice[key]]);
  return Object.fromEntries(given.filter(([name, value]) => value && (name !== "power_factor" || choice.limitKva)));
}

const tariffInWords = ({ rule, steps }) =>
  `${RULE_WORDS[rule].join(": ")}${steps ? ` Dotted: the tariff's steps, ${steps.replaceAll(",", ", ")} kW.` : ""}`;

const tariffOf = ({ rule, steps }) => ({ rule, ...(steps ? { steps } : {}) });

/** The users of the month of the peak, where a range is longer: some of its users may have left, or come later. */
async function fetchPeakMonth({ shown, site }, grid, get) {
  const range = { start: shown.start || site.first, end: shown.end || site.last };
  const month = grid.data && monthWithin(range, grid.data.peak_at);
  return month ? get("grid/summary", rangeQuery({ ...shown, ...month })).catch(orRefused) : NOT_ASKED;
}

export async function fetchCapacity(view, get) {
  const { choice, query } = view;
  const limit = limitOf(choice);
  const [grid, peaks, admd, duration, demand, headroom] = await Promise.all([
    get("grid/summary", query),
    get("grid/peaks", query, { limit: PEAKS }),
    get("grid/admd", query),
    get("load/duration-curve", query, { points: POINTS }),
    get("grid/billed-demand", query, tariffOf(choice)),
    limit ? get("grid/headroom", query, limit) : NOT_ASKED,
  ]);
  const peakMonth = limit ? await fetchPeakMonth(view, grid, get) : NOT_ASKED;
  return { grid, peaks, admd, duration, demand, headroom, peakMonth };
}

export class Capacity {
  /** `choose` hears of another limit or tariff. */
  constructor({ choose }) {
    this.choose = choose;
    this.panels = {
      curve: new Panel("curve", "Load duration and the limit"),
      peaks: new TablePanel("peaks", "The ten highest hours"),
      admd: new Panel("admd", "Demand per user"),
      demand: new Panel("demand", "Billed demand by month"),
    };
    $("limit").addEventListener("change", () => this.#chooseLimit());
    $("limit").addEventListener("submit", (event) => event.preventDefault());
    this.#addTariff();
  }

  #addTariff() {
    const options = RULES.map((rule) => element("option", { value: rule, textContent: RULE_WORDS[rule][0] }));
    this.rule = element("select", {}, ...options);
    this.steps = element("input", { placeholder: "such as 0,50,100", pattern: "[0-9.]+(,[0-9.]+)*" });
    this.rule.addEventListener("change", () => this.choose({ rule: this.rule.value }));
    this.steps.addEventListener("change", () => {
      const steps = this.steps.value.replaceAll(/\s/g, "").replaceAll(";", ",");
      this.steps.value = steps;
      if (this.steps.reportValidity()) this.choose({ steps });
    });
    this.panels.demand.tools.prepend(
      element("label", {}, "Tariff ", this.rule),
      element("label", {}, "Steps, kW ", this.steps),
    );
  }

  #chooseLimit() {
    const read = (id) => ($(id).validity.valid ? $(id).value : "");
    const isKva = $("limit-unit").value === "kva";
    $("power-factor").disabled = !isKva;
    if (!$("limit").reportValidity()) return;
    this.choose({
      limitKw: isKva ? "" : read("limit-value"),
      limitKva: isKva ? read("limit-value") : "",
      powerFactor: isKva ? read("power-factor") : "",
      baseKw: read("base"),
    });
  }

  #showChoice({ limitKw, limitKva, powerFactor, baseKw, rule, steps }) {
    const fill = (input, value) => {
      if (input !== document.activeElement) input.value = value;
    };
    fill($("limit-value"), limitKw || limitKva);
    if (limitKw || limitKva) fill($("limit-unit"), limitKva ? "kva" : "kw");
    $("power-factor").disabled = $("limit-unit").value !== "kva";
    fill($("power-factor"), powerFactor);
    fill($("base"), baseKw);
    fill(this.rule, rule);
    fill(this.steps, steps);
  }

  async show(view) {
    const { panels } = this;
    const { answers, choice } = view;
    const headroom = answers.headroom.data;
    this.#showChoice(choice);
    $("view-capacity").dataset.limit = new URLSearchParams(limitOf(choice) ?? {});
    showCards("capacity-kpis", [...(headroom ? kpisOfLimit(headroom, choice) : []), ...kpisOf(answers.grid.data)]);
    const free = headroom ? headroom.limit_kw - Number(choice.baseKw || 0) : null;
    $("room").textContent = headroom
      ? [roomInWords(headroom, free), usersInWords(answers)].filter(Boolean).join(" ")
      : "Type the limit of the connection to see what it leaves.";
    this.#showPeaks(view);
    await Promise.all([
      panels.curve.drawAnswer(view, answers.duration, (rows) => durationCurve(rows, free), curveAbout(choice, free), {
        path: "load/duration-curve",
        more: { points: POINTS },
        besides: free,
      }),
      panels.admd.drawAnswer(view, answers.admd, demandPerUser, ADMD, { path: "grid/admd" }),
      panels.demand.drawAnswer(
        view,
        answers.demand,
        (rows) => billedDemand(rows, choice.steps),
        tariffInWords(choice),
        {
          path: "grid/billed-demand",
          more: tariffOf(choice),
          besides: choice.steps,
        },
      ),
    ]);
  }

  #showPeaks(view) {
    const columns = [
      { name: "hour", title: "Hour", shown: hourOf },
      { name: "load_kw", title: "Load, kW", shown: (value) => number(value) },
      { name: "users", title: "Users charging", shown: (value) => number(value, 0) },
    ];
    this.panels.peaks.show(columns, view.answers.peaks.data ?? [], {
      about: "Mean power of the hour, and how many users charged in it.",
      source: { path: "grid/peaks", query: [...view.query, ["limit", PEAKS]] },
      file: fileOf("highest hours", view),
    });
  }

  forget() {
    for (const panel of Object.values(this.panels)) panel.forget();
  }
}

const ADMD =
  "After-diversity maximum demand of n users: a curve between one user and all of them (Rusck), no measurement.";

function curveAbout({ baseKw }, free) {
  if (free === null) return "How much of the time the load is at least this high";
  return `How much of the time the load is at least this high, and what the limit leaves for charging, ${inWords(free, "kW")}${Number(baseKw) ? ", without the base load" : ""}`;
}

function kpisOf(grid) {
  const own = `of ${inWords(grid.sum_of_user_peaks_kw, "kW")}, the sum of the users' own peaks`;
  const one = (name, title, unit, detail, digits) => ({ name, title, unit, detail, digits, value: grid[name] });
  return [
    one("peak_kw", "Peak", "kW", hourOf(grid.peak_at)),
    one("load_factor", "Load factor", "", "mean power over the peak", 3),
    one("hours_of_use", "Hours of use", "h", "the energy over the peak", 0),
    one("coincidence_factor", "Coincidence", "", own, 3),
    one("admd_kw", "Demand per user", "kW", `ADMD: the peak over ${count(grid.users, "user")}`, 3),
    one("users", "Users", "", "with rows in the range", 0),
  ];
}

function moreUsers({ more_users_safe, more_users_expected }) {
  const known = [more_users_safe, more_users_expected].filter((one) => one !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  if (!known.length) return "–";
  return least === most ? number(least, 0) : `${number(least, 0)} – ${number(most, 0)}`;
}

function kpisOfLimit(headroom, { limitKva, powerFactor }) {
  const observed = `of ${number(headroom.observed_hours, 0)} observed hours`;
  const one = (name, title, unit, detail, digits) => ({ name, title, unit, detail, digits, value: headroom[name] });
  return [
    one("headroom_kw", "Headroom", "kW", "what the peak and the base load leave"),
    one(
      "limit_kw",
      "Limit",
      "kW",
      limitKva ? `${limitKva} kVA, power factor ${powerFactor || 1}` : "of the connection",
    ),
    one("hours_above", "Hours above the limit", "h", observed, 0),
    one("hours_above_80_percent", "Above 80 % of the limit", "h", observed, 0),
    {
      ...one("more_users_safe", "More users", "", "if they charge as those of this range do"),
      text: moreUsers(headroom),
    },
  ];
}

function roomInWords({ more_users_safe: safe, more_users_expected: expected, headroom_kw, users }, free) {
  if (free < 0) return "The base load alone is above the limit: nothing is left for charging.";
  if (headroom_kw < 0) return "The peak of this range does not fit: there is room for nobody more.";
  if (safe === null && expected === null) return "Nothing tells how the peak grows with more users.";
  const one = (more, words) => (more === null ? [] : [`${number(more, 0)} more, ${words}`]);
  const parts = [
    ...one(safe, "if all of them charge in the peak hour as those of this range do"),
    ...one(
      expected,
      "if their charging coincides less as their number grows, as the curve of the demand per user says",
    ),
  ];
  return `Room beside the ${count(users, "user")} of this range: ${parts.join("; ")}. Like users are assumed, and hourly means: in a quarter of an hour the peak is at least as high.`;
}

/** That all users of the range are counted, also those who were not there when the peak was. */
function usersInWords({ headroom, peakMonth }) {
  const [{ users, headroom_kw }, then] = [headroom.data, peakMonth.data?.users];
  if (headroom_kw < 0 || !(then < users)) return "";
  return (
    `${count(users, "user")} have rows in this range, ${number(then, 0)} in the month of the peak: users who have left,` +
    " or came later, make the room look larger. Choose a range in which all of them charge."
  );
}
