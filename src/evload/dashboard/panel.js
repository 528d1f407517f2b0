// A card with a chart, the table behind it, and its downloads.

import { plotlyLocale } from "./format.js";
import { plain } from "./style.js";

const CONFIG = {
  displayModeBar: false,
  displaylogo: false,
  responsive: true,
  showTips: false,
  locale: "reader",
  scrollZoom: false,
};
const PICTURE = { format: "png", width: 1200, height: 560, scale: 2 };

export const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

let plotly;

/** Plotly comes by its own script, which may still be on its way. */
export function whenPlotlyIsThere() {
  plotly ??= new Promise((resolve, reject) => {
    const script = document.querySelector('script[src*="plotly"]');
    const ready = () => {
      window.Plotly.register(plotlyLocale());
      resolve(window.Plotly);
    };
    if (window.Plotly) ready();
    else {
      script.addEventListener("load", ready);
      script.addEventListener("error", () => reject(new Error("The charts' own script did not arrive.")));
    }
  });
  return plotly;
}

/** Text for one cell. What a spreadsheet would take for a formula is marked as text. */
function csvCell(value) {
  if (typeof value !== "string") return value === null || value === undefined ? "" : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvOf = (columns, rows) =>
  [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ name }) => csvCell(row[name])))]
    .map((cells) => cells.join(","))
    .join("\r\n") + "\r\n";

export function save(href, name) {
  element("a", { href, download: name }).click();
}

export function saveText(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  save(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function tableOf(columns, rows, title) {
  const head = element(
    "tr",
    {},
    ...columns.map((column) => element("th", { scope: "col", textContent: column.title })),
  );
  const cell = (column, row) => element("td", { textContent: column.shown(row[column.name]) });
  const body = rows.map((row) => element("tr", {}, ...columns.map((column) => cell(column, row))));
  const caption = element("caption", { className: "unseen", textContent: title });
  return element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...body));
}

export class Panel {
  #stamp;
  #figure;

  constructor(id, title) {
    this.root = document.getElementById(id);
    this.root.append(document.getElementById("panel").content.cloneNode(true));
    const find = (selector) => this.root.querySelector(selector);
    [this.heading, this.about, this.tools] = ["h2", ".about", ".tools"].map(find);
    [this.chart, this.nothing, this.behind, this.table] = [".chart", ".nothing", ".behind", ".scroll"].map(find);
    this.heading.id = `${id}-title`;
    this.root.setAttribute("aria-labelledby", this.heading.id);
    this.chart.id = `${id}-chart`;
    this.behind.addEventListener("toggle", () => this.#fillTable());
    this.tool("CSV", "Download the data as CSV", () => this.saveData());
    this.tool("PNG", "Download the picture as PNG", () => this.savePicture());
    this.name(title);
  }

  name(title) {
    this.heading.textContent = title;
    this.table.setAttribute("aria-label", `${title}: table`);
    for (const button of this.tools.querySelectorAll("[data-says]"))
      button.setAttribute("aria-label", `${button.dataset.says}: ${title}`);
  }

  tool(text, says, does) {
    const button = element("button", { type: "button", className: "tool", textContent: text, title: says });
    button.dataset.says = says;
    button.addEventListener("click", does);
    this.tools.append(button);
    return button;
  }

  /** Draws the figure unless the stamp is the last one's. The reader's zoom stays while `view` stays the same. */
  async draw(figure, { about, view, stamp, file }) {
    const Plotly = await whenPlotlyIsThere();
    this.file = file;
    this.about.textContent = about;
    this.nothing.hidden = true;
    if (stamp !== undefined && stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#figure = figure;
    this.chart.setAttribute("aria-label", `${this.heading.textContent}. ${figure.label}`);
    const layout = { ...figure.layout, uirevision: view };
    if ("print" in document.documentElement.dataset)
      Object.assign(layout, { width: this.chart.clientWidth, height: this.chart.clientHeight });
    await Plotly.react(this.chart, figure.traces, layout, CONFIG);
    this.#fillTable();
  }

  /** Says why there is no chart. */
  say(text) {
    this.#stamp = undefined;
    this.#figure = undefined;
    this.nothing.textContent = text;
    this.nothing.hidden = false;
    this.chart.setAttribute("aria-label", text);
    this.table.replaceChildren();
  }

  /** The next drawing is not left out, for instance because the colours changed. */
  forget() {
    this.#stamp = undefined;
  }

  #fillTable() {
    if (!this.behind.open || !this.#figure) return this.table.replaceChildren();
    return this.table.replaceChildren(tableOf(this.#figure.columns, this.#figure.rows, this.heading.textContent));
  }

  saveData() {
    if (this.#figure) saveText(csvOf(this.#figure.columns, this.#figure.rows), `${this.file}.csv`);
  }

  async savePicture() {
    if (!this.#figure) return;
    const { chart } = this;
    const title = `<b>${plain(this.heading.textContent)}</b><br><sup>${plain(this.about.textContent)}</sup>`;
    const named = {
      ...chart.layout,
      title: { text: title, x: 0.02, xanchor: "left", y: 0.95, yanchor: "top" },
      margin: { l: 64, r: 24, t: 84, b: 48 },
    };
    const picture = await (await whenPlotlyIsThere()).toImage(
      { data: chart.data, layout: named, config: CONFIG },
      PICTURE,
    );
    save(picture, `${this.file}.png`);
  }
}
