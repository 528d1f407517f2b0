// The users with the most energy, or of something else, and the way into one user's hours.

import { number } from "./format.js";
import { csvOf, element, saveText } from "./panel.js";

const COLUMNS = [
  { name: "user_id", title: "User", order: "ascending", by: "In alphabetical order." },
  {
    name: "energy_kwh",
    title: "Energy, kWh",
    order: "descending",
    by: "By energy in the range.",
    shown: (value) => number(value, 1),
  },
  { name: "share_percent", title: "Share" },
  {
    name: "hours",
    title: "Hours",
    order: "descending",
    by: "By hours in the range.",
    shown: (value) => number(value, 0),
  },
  {
    name: "sessions",
    title: "Sessions",
    order: "descending",
    by: "By sessions begun in the range.",
    shown: (value) => number(value, 0),
  },
];
const SAVED = ["user_id", "energy_kwh", "share_percent", "hours", "sessions", "first_day", "last_day"].map((name) => ({
  name,
}));

export class Users {
  #rows = [];
  #file = "";
  #most = 0;
  #stamp;

  /** `enter` is told the user to look at, `sortBy` the column that decides who comes first. */
  constructor(id, { enter, sortBy }) {
    this.root = document.getElementById(id);
    [this.enter, this.sortBy] = [enter, sortBy];
    const [heading, about] = [
      element("h2", { id: `${id}-title`, textContent: "Top users" }),
      element("p", { className: "about" }),
    ];
    const save = element("button", {
      type: "button",
      className: "tool",
      textContent: "CSV",
      title: "Download the data as CSV",
    });
    save.setAttribute("aria-label", "Download the data as CSV: Top users");
    save.addEventListener("click", () => saveText(csvOf(SAVED, this.#rows), `${this.#file}.csv`));
    [this.about, this.body] = [about, element("div", { className: "body" })];
    this.root.append(
      element("header", {}, element("div", {}, heading, about), element("div", { className: "tools" }, save)),
      this.body,
    );
    this.root.setAttribute("aria-labelledby", heading.id);
  }

  show(rows, { current, sort, stamp, file }) {
    this.#file = file;
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#rows = rows;
    this.#most = Math.max(...rows.map((row) => row.share_percent)) || 1;
    this.about.textContent = rows.length
      ? `${COLUMNS.find(({ name }) => name === sort).by} A user's name opens their hours.`
      : "";
    const { user, sort: column } = document.activeElement?.dataset ?? {};
    this.body.replaceChildren(
      rows.length
        ? this.#table(current, sort)
        : element("p", { className: "about", textContent: "Nobody charged in this range." }),
    );
    if (user !== undefined) this.focus(user);
    if (column) this.body.querySelector(`[data-sort=${column}]`)?.focus();
  }

  focus(user) {
    [...this.body.querySelectorAll(".user")].find((button) => button.dataset.user === user)?.focus();
  }

  #table(current, sort) {
    const head = COLUMNS.map((column) => this.#head(column, sort));
    const body = this.#rows.map((row) =>
      element("tr", {}, ...COLUMNS.map((column) => element("td", {}, this.#cell(column, row, current)))),
    );
    const caption = element("caption", { className: "unseen", textContent: "Top users" });
    return element(
      "table",
      {},
      caption,
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...body),
    );
  }

  #head({ name, title, order }, sort) {
    const head = element(
      "th",
      { scope: "col" },
      order ? element("button", { type: "button", className: "sort", textContent: title }) : title,
    );
    if (!order) return head;
    head.firstChild.dataset.sort = name;
    head.firstChild.addEventListener("click", () => this.sortBy(name));
    if (name === sort) head.setAttribute("aria-sort", order);
    return head;
  }

  #cell(column, row, current) {
    if (column.name === "user_id") return this.#button(row.user_id, current);
    if (column.name === "share_percent") return this.#share(row.share_percent);
    return column.shown(row[column.name]);
  }

  #button(user, current) {
    const button = element("button", {
      type: "button",
      className: "user",
      textContent: user,
      title: `Hours of ${user}`,
    });
    button.dataset.user = user;
    if (user === current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => this.enter(user));
    return button;
  }

  #share(share) {
    const part = element("b");
    part.style.width = `${(100 * (share ?? 0)) / this.#most}%`;
    const bar = element("i", {}, part);
    bar.setAttribute("aria-hidden", "true");
    return element("span", { className: "share" }, bar, share === null ? "–" : `${number(share, 1)} %`);
  }
}
