// The users with the most energy, or of something else, and the way to one user's page.

import { element } from "./dom.js";
import { number } from "./format.js";
import { TablePanel } from "./panel.js";

const BY = {
  user_id: "In alphabetical order.",
  energy_kwh: "By energy in the range.",
  hours: "By hours in the range.",
  sessions: "By sessions begun in the range.",
};

export class Users extends TablePanel {
  #stamp;

  /** `enter` is told the user to look at, `sortBy` the column that decides who comes first. */
  constructor(id, { enter, sortBy }) {
    super(id, "Top users");
    [this.enter, this.sortBy] = [enter, sortBy];
  }

  draw(rows, { sort, stamp, ...told }) {
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    const { user, sort: column } = document.activeElement?.dataset ?? {};
    this.show(this.#columns(Math.max(...rows.map((row) => row.share_percent)) || 1), rows, {
      ...told,
      about: BY[sort],
      hint: "A name opens the page of that user. The CSV has all of them.",
      nothing: "Nobody charged in this range.",
    });
    this.#addSorting(sort);
    if (user !== undefined) this.focus(user);
    if (column) this.body.querySelector(`[data-sort=${column}]`)?.focus();
  }

  forget() {
    this.#stamp = undefined;
  }

  focus(user) {
    [...this.body.querySelectorAll(".user")].find((button) => button.dataset.user === user)?.focus();
  }

  #columns(most) {
    const count = (name, title) => ({ name, title, shown: (value) => number(value, 0) });
    return [
      { name: "user_id", title: "User", shown: (user) => this.#button(user) },
      { name: "energy_kwh", title: "Energy, kWh", shown: (value) => number(value, 1) },
      { name: "share_percent", title: "Share", shown: (share) => shareOf(share, most) },
      count("hours", "Hours"),
      count("sessions", "Sessions"),
    ];
  }

  #addSorting(sort) {
    const names = { User: "user_id", "Energy, kWh": "energy_kwh", Hours: "hours", Sessions: "sessions" };
    for (const head of this.body.querySelectorAll("th")) {
      const name = names[head.textContent];
      if (!name) continue;
      const button = element("button", { type: "button", className: "sort", textContent: head.textContent });
      button.dataset.sort = name;
      button.addEventListener("click", () => this.sortBy(name));
      head.replaceChildren(button);
      if (name === sort) head.setAttribute("aria-sort", name === "user_id" ? "ascending" : "descending");
    }
  }

  #button(user) {
    const button = element("button", {
      type: "button",
      className: "user",
      textContent: user,
      title: `The page of ${user}`,
    });
    button.dataset.user = user;
    button.addEventListener("click", () => this.enter(user));
    return button;
  }
}

function shareOf(share, most) {
  const part = element("b");
  part.style.width = `${(100 * (share ?? 0)) / most}%`;
  const bar = element("i", {}, part);
  bar.setAttribute("aria-hidden", "true");
  return element("span", { className: "share" }, bar, share === null ? "–" : `${number(share, 1)} %`);
}
