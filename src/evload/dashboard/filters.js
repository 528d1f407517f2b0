// Which users and locations the page is about: found by typing, several of each, each taken away by a button.

import { $, element } from "./dom.js";
import { NOWHERE, nameOf } from "./members.js";
import { ask } from "./server.js";

const MOST_OFFERED = 100;
const KINDS = { locations: "location", users: "user" };

export class Filters {
  #known = {};
  #version = {};

  /** `chosen` tells the choice, `choose` hears of other ids, `failed` of what could not be fetched. */
  constructor({ chosen, choose, failed }) {
    Object.assign(this, { chosen, choose, failed });
    for (const kind of Object.keys(KINDS)) {
      const input = $(`add-${kind}`);
      input.addEventListener("focus", () => this.#offer(kind, input));
      input.addEventListener("input", ({ inputType }) => {
        input.setCustomValidity("");
        if (inputType === "insertReplacementText") return this.#add(kind, input); // taken out of the list
        return this.#offer(kind, input);
      });
      input.addEventListener("change", () => this.#add(kind, input));
    }
  }

  show(choice, version) {
    this.version = version;
    const chips = Object.entries(KINDS).flatMap(([kind, word]) => choice[kind].map((id) => this.#chip(kind, word, id)));
    const focused = document.activeElement?.dataset?.chip;
    $("chips").replaceChildren(...chips);
    $("chips").hidden = !chips.length;
    if (focused) (chips[0]?.firstChild ?? $("add-locations")).focus();
  }

  #chip(kind, word, id) {
    const button = element("button", { type: "button", className: "chip", textContent: `${nameOf(id)} ×` });
    button.dataset.chip = id;
    button.setAttribute("aria-label", `Without the ${word} ${nameOf(id)}`);
    button.addEventListener("click", () => this.choose({ [kind]: this.chosen()[kind].filter((one) => one !== id) }));
    return element("li", {}, button);
  }

  /** Offers those that have what was typed in them: a list of thousands would take a browser seconds. */
  async #offer(kind, input) {
    await this.#fill(kind);
    const typed = input.value.trim().toLowerCase();
    const found = (this.#known[kind] ?? []).map(nameOf).filter((name) => name.toLowerCase().includes(typed));
    $(`known-${kind}`).replaceChildren(...found.slice(0, MOST_OFFERED).map((value) => element("option", { value })));
  }

  /** Fetches what there is, once for each state of the data. */
  async #fill(kind) {
    if (this.#known[kind] && this.#version[kind] === this.version) return;
    try {
      const { data, version } = await ask(kind, "");
      this.#known[kind] = data;
      this.#version[kind] = version;
      const only = data.every((id) => id === "");
      $(`add-${kind}`).placeholder = only ? "The data name none" : "Type to find";
    } catch (trouble) {
      this.failed(trouble);
    }
  }

  async #add(kind, input) {
    const text = input.value;
    if (!text.trim()) return;
    await this.#fill(kind);
    const known = this.#known[kind] ?? [];
    const id = meant(text, known);
    if (id === undefined) {
      input.setCustomValidity(`There is no ${KINDS[kind]} “${text}”. Choose one from the list.`);
      input.reportValidity();
      return;
    }
    input.value = "";
    if (!this.chosen()[kind].includes(id)) this.choose({ [kind]: [...this.chosen()[kind], id].sort() });
  }
}

/** The id that was typed: as it is, else in whatever case, else the only one that has it in its name. */
function meant(text, known) {
  const exact = [text, text.trim(), text === NOWHERE ? "" : text].find((one) => known.includes(one));
  if (exact !== undefined) return exact;
  const typed = text.trim().toLowerCase();
  const names = known.map((id) => [id, nameOf(id).toLowerCase()]);
  const alike = [names.filter(([, name]) => name === typed), names.filter(([, name]) => name.includes(typed))];
  return alike.find((found) => found.length === 1)?.[0][0];
}
