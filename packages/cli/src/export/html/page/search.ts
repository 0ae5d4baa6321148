/**
 * Finds words in names, ids and beginnings at once, then in all texts and events of the page, block by block, between frames.
 *
 * Case does not matter. A search that was begun anew gives up the old one.
 */
import type { Blocks } from "./blocks.ts";
import { el, quoted, recorded } from "./dom.ts";
import { groupedText } from "./format.ts";
import type { Chosen, Model } from "./model.ts";
import { typeBadge } from "./outline-view.ts";
import { VirtualList } from "./virtual-list.ts";

interface Hit {
  readonly chosen: Chosen;
  /** The words around what was found. */
  readonly before: string;
  readonly found: string;
  readonly after: string;
}

/** Hits that are listed; a search that finds more is no search. */
const LISTED = 1_000;
const AROUND = 28;

export class Search {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #blocks: Blocks;
  readonly #list: VirtualList;
  readonly #state = el("p", "search-state");
  #hits: Hit[] = [];
  #found = new Set<string>();
  /** Counts searches: the answer to an old one is of no interest. */
  #number = 0;

  constructor(model: Model, blocks: Blocks, onPick: (chosen: Chosen, isJump: boolean) => void) {
    this.#model = model;
    this.#blocks = blocks;
    this.#list = new VirtualList({
      label: "Search results",
      role: "listbox",
      height: 42,
      render: (row, index) => this.#render(row, index),
      onPick: (index, isChosen) => {
        const hit = this.#hits[index];
        if (hit !== undefined) onPick(hit.chosen, isChosen);
      },
    });
    this.#state.setAttribute("role", "status");
    this.element = el("div", "search-results", this.#state, this.#list.element);
  }

  focus(): void {
    this.#list.element.focus();
    if (this.#list.active === -1 && this.#hits.length > 0) this.#list.activate(0);
  }

  appear(): void {
    this.#list.refresh();
  }

  /** Resolves when everything was looked through, or the search was given up. */
  async run(words: string): Promise<void> {
    this.#number += 1;
    const number = this.#number;
    const sought = words.trim().toLowerCase();
    this.#hits = [];
    this.#found = new Set();
    if (sought !== "") this.#inIndex(sought);
    this.#list.reset(this.#hits.length);
    this.#say(sought, null);
    if (sought === "") return;
    const { detailBlocks, detailsPerBlock } = this.#model.index;
    const all = detailBlocks + (await this.#blocks.seqs()).length;
    if (number !== this.#number) return;
    for (let block = 0; block < all && this.#hits.length < LISTED; block += 1) {
      if (block < detailBlocks) await this.#inDetails(sought, block, detailsPerBlock);
      else await this.#inEvents(sought, block - detailBlocks);
      if (number !== this.#number) return;
      this.#list.update(this.#hits.length, this.#list.active);
      this.#say(sought, `${Math.floor(((block + 1) * 100) / all)} %`);
    }
    this.#say(sought, null);
  }

  #say(sought: string, done: string | null): void {
    const count = `${groupedText(this.#hits.length)}${this.#hits.length >= LISTED ? " and more" : ""}`;
    this.#state.textContent =
      sought === ""
        ? "Type to search names, ids, texts and events."
        : `${count} found${done === null ? "" : ` · ${done} looked through`}`;
  }

  #inIndex(sought: string): void {
    const { label, id, preview } = this.#model.index.nodes;
    for (let node = 0; node < id.length && this.#hits.length < LISTED; node += 1) {
      for (const text of [label[node] ?? "", id[node] ?? "", preview[node] ?? ""]) {
        if (this.#add(text, sought, { type: "node", node })) break;
      }
    }
  }

  async #inDetails(sought: string, block: number, size: number): Promise<void> {
    const details = await this.#blocks.details(block);
    details.forEach(({ texts }, index) => {
      const chosen = { type: "node", node: block * size + index } as const;
      for (const { text } of texts) if (this.#add(text, sought, chosen)) break;
    });
  }

  async #inEvents(sought: string, block: number): Promise<void> {
    for (const event of await this.#blocks.events(block)) {
      const chosen = { type: "event", seq: event.seq } as const;
      const texts = [
        event.type,
        event.body.text,
        ...event.payloads.flatMap(({ id, text }) => [id, text?.text ?? ""]),
      ];
      for (const text of texts) if (this.#add(text, sought, chosen)) break;
    }
  }

  #add(text: string, sought: string, chosen: Chosen): boolean {
    const lower = text.toLowerCase();
    const at = lower.indexOf(sought);
    const key = chosen.type === "node" ? `n${chosen.node}` : `s${chosen.seq}`;
    if (at === -1 || this.#hits.length >= LISTED || this.#found.has(key)) return at !== -1;
    this.#found.add(key);
    // Some letters change their number of characters with their case: then the place is near enough.
    this.#hits.push({
      chosen,
      before: text.slice(Math.max(0, at - AROUND), at),
      found: text.slice(at, at + sought.length),
      after: text.slice(at + sought.length, at + sought.length + AROUND * 6),
    });
    return true;
  }

  #render(row: HTMLElement, index: number): void {
    const hit = this.#hits[index];
    if (hit === undefined) return;
    row.classList.add("hit");
    const { chosen } = hit;
    const name =
      chosen.type === "node"
        ? el(
            "div",
            "hit-name",
            typeBadge(this.#model, chosen.node),
            " ",
            quoted("", this.#model.label(chosen.node)),
            el("span", "cut", ` ${this.#model.agentPath(chosen.node)}`),
          )
        : el("div", "hit-name", el("span", "badge event", "event"), ` seq ${chosen.seq}`);
    const mark = el("mark");
    mark.append(recorded(hit.found));
    const text = el("div", "hit-text", recorded(hit.before), mark, recorded(hit.after));
    text.dir = "auto";
    row.append(name, text);
  }
}
