// Talks to evload's API: reads answers, and hears of new data.

const POLL_EVERY_MS = 2_000;
const POLL_PATIENCE_MS = 5_000;
const OPEN_AGAIN_MS = 3_000;

let isLeaving = false;

const addressOf = (path, query) => new URL(query ? `${path}?${query}` : path, document.baseURI);

/** A refusal's own words: a text, or a list of what is wrong with the parameters. */
const sentence = (detail) =>
  Array.isArray(detail) ? detail.map(({ loc, msg }) => `${loc.at(-1)}: ${msg}.`).join(" ") : detail;

/** evload answered that something is wrong with itself or with the question. */
export class Refused extends Error {
  constructor(status, detail) {
    super(sentence(detail) ?? `It answered ${status}.`);
    this.status = status;
  }
}

const NOT_FOR_THIS = 403; // sums of few users
export const TOO_MANY = 422; // rows

/** What stands for an answer that the page can do without, if the question is refused: `refused` says why. */
export function orRefused(trouble) {
  if (trouble instanceof Refused && [NOT_FOR_THIS, TOO_MANY].includes(trouble.status))
    return { data: null, refused: trouble, text: "", version: Infinity };
  throw trouble;
}

/**
 * Fetches an answer: its data, null where there is none, and the `detail` that says why; its text, which tells whether
 * it changed; and the data version it belongs to.
 */
export async function ask(path, query, signal) {
  const response = await fetch(addressOf(path, query), {
    signal,
    cache: "no-cache",
    headers: { Accept: "application/json" },
  });
  leaveIfSignedOut(response);
  const text = await response.text();
  const version = Number(response.headers.get("X-Data-Version"));
  if (response.status === 404) return { data: null, detail: detailIn(text), text, version };
  if (!response.ok) throw new Refused(response.status, detailIn(text));
  return { data: JSON.parse(text), text, version, after: nextPage(response.headers.get("Link")) };
}

/** Where the next page of a list begins, as its Link header says. */
const nextPage = (link) => {
  const found = /[?&]after=([^&>]+)/.exec(link ?? "");
  return found && decodeURIComponent(found[1]);
};

/** What a question answers as a file, CSV or Parquet. */
export async function file(path, query) {
  const response = await fetch(addressOf(path, query));
  leaveIfSignedOut(response);
  if (!response.ok) throw new Refused(response.status, detailIn(await response.text()));
  return response.blob();
}

/** Without a token that holds nothing can be shown: the page gives way to that where one signs in. */
function leaveIfSignedOut(response) {
  if (response.status !== 401 || isLeaving) return;
  isLeaving = true; // once, as a second time would break off the first
  location.assign(addressOf("sign-in"));
}

function detailIn(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return undefined;
  }
}

/**
 * Listens to /events. Where that fails it polls a cheap KPI with its ETag, and goes on trying to listen. A tab that
 * nobody looks at hears nothing: a browser has six connections to a server for all its tabs.
 */
export class Watch {
  #heard;
  #source = null;
  #etag = "";
  #polling = null;
  #next = 0;
  #opening = 0;

  /** `heard({ version })`, `heard({ trouble })`, and `heard({ listens })` for whether events arrive. */
  constructor(heard) {
    this.#heard = heard;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.open()));
  }

  open() {
    this.#close();
    const source = new EventSource(addressOf("events"));
    this.#source = source;
    source.addEventListener("open", () => {
      this.#stopPolling();
      this.#heard({ listens: true });
    });
    source.addEventListener("data_version", (event) => this.#heard({ version: JSON.parse(event.data).data_version }));
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      this.#heard({ listens: false });
      if (!this.#polling) this.#poll();
      if (source.readyState === EventSource.CLOSED) this.#opening = setTimeout(() => this.open(), OPEN_AGAIN_MS);
    });
  }

  #close() {
    clearTimeout(this.#opening);
    this.#stopPolling();
    this.#source?.close();
    this.#source = null;
  }

  #stopPolling() {
    clearTimeout(this.#next);
    this.#polling = null;
  }

  async #poll() {
    const turn = {};
    this.#polling = turn;
    const news = await this.#asked();
    if (turn !== this.#polling) return;
    this.#heard(news);
    this.#next = setTimeout(() => this.#poll(), POLL_EVERY_MS);
  }

  async #asked() {
    try {
      const options = {
        headers: this.#etag ? { "If-None-Match": this.#etag } : {},
        signal: AbortSignal.timeout(POLL_PATIENCE_MS),
      };
      const response = await fetch(addressOf("kpi/total-energy"), { ...options, cache: "no-store" });
      leaveIfSignedOut(response);
      if (response.status >= 500) return { trouble: new Refused(response.status, detailIn(await response.text())) };
      this.#etag = response.headers.get("ETag") ?? "";
      return { version: Number(response.headers.get("X-Data-Version")) };
    } catch (trouble) {
      return { trouble };
    }
  }
}
