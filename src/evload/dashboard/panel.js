// A card with a chart, the table behind it, and its downloads: the picture, and what the API answers as a file.

import { $, element, save, saveBlob, tableOf } from "./dom.js";
import { number, plotlyLocale } from "./format.js";
import { fileOf, SITE_NAME } from "./screen.js";
import { file, Refused } from "./server.js";
import { isOnPaper, plain } from "./style.js";

const CONFIG = {
  displayModeBar: false,
  displaylogo: false,
  responsive: true,
  showTips: false,
  locale: "reader",
  scrollZoom: false,
};
const PICTURE = { format: "png", width: 1200, height: 600, scale: 2 };
/** Excel reads numbers as its user writes them. */
const HAS_DECIMAL_COMMA = number(0.5, 1).includes(",");

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

/** A card with a heading, tools, and the downloads of a question that the API answers. */
export class Card {
  /** `source` is the path and the query that answer with what the card shows; `file` the name of what is saved. */
  constructor(id, title) {
    this.root = $(id);
    this.root.append($("panel").content.cloneNode(true));
    const find = (selector) => this.root.querySelector(selector);
    [this.heading, this.about, this.hint, this.tools] = ["h2", ".about", ".hint", ".tools"].map(find);
    [this.body, this.chart, this.nothing] = [".body", ".chart", ".nothing"].map(find);
    [this.behind, this.table] = [".behind", ".scroll"].map(find);
    this.heading.id = `${id}-title`;
    this.root.setAttribute("aria-labelledby", this.heading.id);
    this.chart.id = `${id}-chart`;
    this.tool("CSV", "Download the data as CSV", () => this.saveData("csv"));
    this.tool("Parquet", "Download the data as Parquet", () => this.saveData("parquet"));
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

  tell({ about, hint = "", source, file, subject }) {
    Object.assign(this, { source, file, subject });
    this.about.firstChild.textContent = about;
    this.hint.textContent = hint && `${about.endsWith(".") ? "" : " ·"} ${hint}`;
  }

  /** All that the question answers, from the API, whatever the screen shows of it. */
  async saveData(form) {
    if (!this.source) return;
    const { source, file: name } = this;
    const query = new URLSearchParams(source.query);
    if (form === "csv" && HAS_DECIMAL_COMMA) query.set("decimal", ",");
    try {
      saveBlob(await file(`${source.path}.${form}`, query), `${name}.${form}`);
    } catch (trouble) {
      this.hint.textContent = ` The file did not come: ${trouble instanceof Refused ? trouble.message : "evload cannot be reached."}`;
    }
  }
}

export class Panel extends Card {
  #stamp;
  #figure;
  #width = 0;

  constructor(id, title) {
    super(id, title);
    this.behind.addEventListener("toggle", () => this.#fillTable());
    this.tool("PNG", "Download the picture as PNG", () => this.savePicture());
    this.name(title);
  }

  /** Draws the figure unless the stamp is the last one's. The reader's zoom stays while `view` stays the same. */
  async draw(figure, { view, stamp, ...told }) {
    const Plotly = await whenPlotlyIsThere();
    this.tell(told);
    this.nothing.hidden = true;
    const width = this.chart.clientWidth;
    if (stamp !== undefined && stamp === this.#stamp && width === this.#width) return;
    [this.#stamp, this.#figure, this.#width] = [stamp, figure, width];
    this.chart.setAttribute("aria-label", `${this.heading.textContent}. ${figure.label}`);
    const layout = { ...figure.layout, uirevision: view };
    if (isOnPaper()) Object.assign(layout, { width: this.chart.clientWidth, height: this.chart.clientHeight });
    await Plotly.react(this.chart, figure.traces, layout, CONFIG);
    this.#fillTable();
  }

  /** Draws what the API answered of the view's range: `path` and `more` say of what, `besides` what else it shows. */
  drawAnswer(view, answer, figure, about, { path, more = {}, besides = "" }) {
    if (!answer.data?.length) return this.say("There is nothing to show in this range.");
    return this.draw(figure(answer.data), {
      about,
      view: view.kind,
      stamp: `${view.key} ${besides} ${answer.text}`,
      subject: view.subject,
      source: { path, query: [...view.query, ...Object.entries(more)] },
      file: fileOf(this.heading.textContent, view),
    });
  }

  /** Says why there is no chart. */
  say(text) {
    this.forget();
    this.#figure = undefined;
    this.source = undefined;
    this.about.firstChild.textContent = this.hint.textContent = "";
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

  /** The picture says by itself what it shows, of which site, measure and range. */
  async savePicture() {
    if (!this.#figure) return;
    const { chart } = this;
    const lines = [this.about.firstChild.textContent, `${SITE_NAME} · ${this.subject}`].map(
      (line) => `<sup>${plain(line)}</sup>`,
    );
    const named = {
      ...chart.layout,
      title: {
        text: [`<b>${plain(this.heading.textContent)}</b>`, ...lines].join("<br>"),
        x: 0.02,
        xanchor: "left",
        y: 0.96,
        yanchor: "top",
      },
      margin: { l: 64, r: 24, t: 116, b: 48 },
    };
    const picture = await (await whenPlotlyIsThere()).toImage(
      { data: chart.data, layout: named, config: CONFIG },
      PICTURE,
    );
    save(picture, `${this.file}.png`);
  }
}

/** A card whose body is a table. */
export class TablePanel extends Card {
  constructor(id, title) {
    super(id, title);
    this.behind.remove();
    this.body.classList.add("table");
    this.body.tabIndex = 0;
    this.body.setAttribute("role", "region");
    this.body.setAttribute("aria-labelledby", this.heading.id);
  }

  show(columns, rows, { foot, ...told }) {
    this.tell(told);
    this.body.replaceChildren(
      rows.length
        ? tableOf(columns, rows, this.heading.textContent, foot)
        : element("p", { className: "about", textContent: told.nothing ?? "There is nothing to show in this range." }),
    );
  }

  forget() {}
}
