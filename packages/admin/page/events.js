import { $, el, setText } from "./dom.js";
import { clock, number, short } from "./format.js";

// The latest events. The server sends a few a second; with a filter, another stream brings those that match it out of all.

const MOST = 200;
const ERRORS = /^(emerg|emergency|alert|crit|critical|fatal|panic|severe|err|error)$/i;

export class Events {
  #events = [];
  #terms = [];
  #paused = false;
  /** Events came while the list stood still. */
  #behind = false;
  #search;
  #skipped = 0;

  constructor() {
    const filter = $("filter");
    let timer;
    filter.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#filter(filter.value), 400);
    });
    $("pause").addEventListener("click", () => this.togglePause());
  }

  togglePause() {
    this.#paused = !this.#paused;
    $("pause").setAttribute("aria-pressed", String(this.#paused));
    setText($("pause"), this.#paused ? "Go on" : "Pause");
    if (!this.#paused) this.#draw();
  }

  /** All that the server has kept, the newest last. */
  load(events) {
    this.#events = events.map(parse);
    this.#draw();
    if (this.#terms.length > 0) void this.#startSearch();
  }

  add(events) {
    if (this.#terms.length === 0) this.#enter(events.map(parse));
  }

  #enter(events) {
    this.#events.push(...events);
    this.#events.splice(0, Math.max(0, this.#events.length - MOST));
    if (this.#paused || isLookedAt()) {
      this.#behind = true;
      return;
    }
    if (this.#behind) return this.#draw();
    const shown = events.filter((event) => this.#matches(event));
    const list = $("events");
    list.prepend(...shown.toReversed().map((event) => this.#row(event)));
    while (list.childElementCount > MOST) list.lastElementChild.remove();
    $("events-empty").hidden = list.childElementCount > 0;
  }

  #draw() {
    this.#behind = false;
    const shown = this.#events.filter((event) => this.#matches(event)).toReversed();
    $("events").replaceChildren(...shown.map((event) => this.#row(event)));
    $("events-empty").hidden = shown.length > 0;
    setText(
      $("events-empty"),
      this.#terms.length > 0 ? "No event matches yet; the filter looks at all that pass." : "No events yet.",
    );
  }

  #filter(text) {
    this.#terms = parseFilter(text);
    this.#draw();
    void this.#startSearch();
  }

  #matches({ event }) {
    return this.#terms.every((term) => holds(term, event));
  }

  /** Asks for events that match: the few that come by themselves may have none. */
  async #startSearch() {
    this.#search?.abort();
    this.#skipped = 0;
    this.#note();
    if (this.#terms.length === 0) return;
    const search = new AbortController();
    this.#search = search;
    const query = new URLSearchParams({ rate: "20", where: this.#terms.map(asExpression).join(" && ") });
    try {
      const response = await fetch(`api/tap?${query}`, { signal: search.signal });
      if (response.ok) await this.#read(response.body, search.signal);
    } catch {
      // The connection is gone; the page's own comes back and starts the search again.
    }
  }

  async #read(body, signal) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || signal.aborted) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      const events = lines.filter((line) => line !== "" && !line.startsWith("#")).map((json) => parse(["", json]));
      const note = lines.findLast((line) => line.startsWith("#"));
      if (note) this.#skipped = JSON.parse(note.slice(1)).skipped;
      if (events.length > 0) this.#enter(events);
      this.#note();
    }
  }

  #note() {
    const found = `Searching all events as they pass${this.#skipped > 0 ? `; ${number(this.#skipped)} more matched and are not shown` : ""}.`;
    setText(
      $("events-note"),
      this.#terms.length > 0 ? found : "A few a second, sanitized. A filter searches all events as they pass.",
    );
  }

  #row({ event, pipeline }) {
    const details = el(
      "details",
      {},
      el(
        "summary",
        {},
        el("time", {}, clock(event["@timestamp"])),
        el("span", { class: "where" }, short(String(event["service.name"] ?? event["container.name"] ?? pipeline), 24)),
        el(
          "span",
          { class: `line ${levelClass(event)}` },
          short(String(event["message"] ?? JSON.stringify(event)), 400),
        ),
      ),
    );
    // The fields of an event that nobody opens are not made.
    details.addEventListener(
      "toggle",
      () => details.open && details.childElementCount === 1 && details.append(this.#fields(event)),
    );
    return el("li", {}, details);
  }

  #fields(event) {
    const list = el("dl", { class: "fields" });
    for (const [name, value] of Object.entries(event)) {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      const choose = el("button", { type: "button", title: `Show only events with this ${name}` }, text);
      choose.addEventListener("click", () => {
        $("filter").value = `${name}:${/\s/.test(text) ? JSON.stringify(text) : text}`;
        this.#filter($("filter").value);
        $("filter").focus();
      });
      list.append(el("dt", {}, name), el("dd", {}, choose));
    }
    return list;
  }
}

/** Nothing moves away under the mouse, nor under whoever reads with the keyboard. */
function isLookedAt() {
  return $("events").matches(":hover, :focus-within");
}

function parse([pipeline, json]) {
  return { pipeline, event: JSON.parse(json) };
}

function levelClass(event) {
  const level = String(event["log.level"] ?? "");
  const status = event["http.response.status_code"];
  if (ERRORS.test(level) || status >= 500) return "errors";
  return /^warn/i.test(level) || status >= 400 || event["event.outcome"] === "failure" ? "warnings-level" : "";
}

/** `field:value`, `field:"value with spaces"` and words. */
function parseFilter(text) {
  return Array.from(text.matchAll(/([\w@.[\]-]+):("(?:[^"\\]|\\.)*"|\S+)|"((?:[^"\\]|\\.)*)"|(\S+)/g), (match) => {
    const [, field, value, quoted, word] = match;
    if (field === undefined) return { word: quoted ?? word };
    return { field, value: value.startsWith('"') ? unquote(value) : value };
  });
}

function unquote(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(1, -1);
  }
}

function holds({ field, value, word }, event) {
  if (field === undefined) return JSON.stringify(event).toLowerCase().includes(word.toLowerCase());
  const found = event[field];
  return found !== undefined && (typeof found === "string" ? found : JSON.stringify(found)) === value;
}

/** The same in CEL. A word is looked for in the message, which is nearly the same. */
function asExpression({ field, value, word }) {
  if (field === undefined) return `self["message"].contains(${JSON.stringify(word)})`;
  const name = `self[${JSON.stringify(field)}]`;
  const text = `${name} == ${JSON.stringify(value)}`;
  return /^-?\d+(\.\d+)?$/.test(value) ? `(${text} || ${name} == ${value})` : text;
}
