// The first and the last day of the range. Browsers tell of a change at every key that makes a date, such as one of the
// year 0002 on the way to 2025: what is typed counts at Enter, or when the field is left, and until then stays as it is.

import { $ } from "./dom.js";

const CENTURY = "20";
/** Keys that open the calendar, or move on: they type nothing. */
const TYPES_NOTHING = new Set([" ", "F4", "Tab", "Shift", "Alt", "Control", "Meta", "Escape"]);

/** "0019" is what a browser makes of a typed "19". */
const withCentury = (day) => (day.startsWith("00") ? CENTURY + day.slice(2) : day);

/** A range that begins before the data, or ends after it, is cut to the data: it holds the same hours. */
function cut(field) {
  const { rangeUnderflow, rangeOverflow } = field.validity;
  if (field.id === "start" && rangeUnderflow) field.value = field.min;
  if (field.id === "end" && rangeOverflow) field.value = field.max;
}

export class Dates {
  #typedIn = null; // the field in which something is being typed
  #isByKey = false; // whether it was a key that changed it last, and not the calendar
  #shown = {};

  /** `choose` hears of other days; an empty one stands for the first or the last that there is. */
  constructor({ choose }) {
    this.choose = choose;
    for (const field of this.#fields()) {
      field.addEventListener("keydown", (event) => this.#pressed(field, event));
      field.addEventListener("change", () => this.#isByKey || this.#take(field));
      field.addEventListener("pointerdown", () => {
        this.#isByKey = false;
      });
      field.addEventListener("blur", () => document.activeElement !== field && this.#take(field)); // not the window's
    }
  }

  #fields() {
    return ["start", "end"].map($);
  }

  #pressed(field, { key, altKey }) {
    if (key === "Enter") this.#take(field);
    else if (!altKey && !TYPES_NOTHING.has(key)) [this.#typedIn, this.#isByKey] = [field, true];
  }

  #take(field) {
    [this.#typedIn, this.#isByKey] = [null, false];
    if (field.validity.badInput) field.value = this.#shown[field.id] ?? ""; // half a date
    if (field.value) field.value = withCentury(field.value);
    cut(field);
    if (field.value === this.#shown[field.id]) return;
    const [start, end] = this.#fields().map(({ value }) => value);
    this.choose(start, end);
  }

  /** Shows the days of the choice, but in the field in which something is being typed. */
  show({ start, end }, site) {
    const days = { start: start || (site?.first ?? ""), end: end || (site?.last ?? "") };
    this.#shown = days;
    for (const field of this.#fields()) {
      if (field === this.#typedIn) continue;
      field.value = days[field.id];
      // Browsers forget half a date when its bounds are set, be they the same.
      if (site && field.min !== site.first) field.min = site.first;
      if (site && field.max !== site.end) field.max = site.end;
    }
  }
}
