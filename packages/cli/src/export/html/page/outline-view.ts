/** The rollout as a tree: every object that has a time, with its place, status and duration. */
import { el, quoted } from "./dom.ts";
import { durationText, wordsOf } from "./format.ts";
import type { Model } from "./model.ts";
import { VirtualList } from "./virtual-list.ts";

const LINE_HEIGHT = 24;
const INDENT = 14;
/** Levels deeper are not set in further: the line would have no room left. */
const INDENTED = 16;

/** Short words for what a line is; the same colours as in the timeline. */
export const TYPE_WORDS: { readonly [type: string]: string } = {
  thread: "agent",
  turn: "turn",
  conversation_item: "item",
  inference_call: "model",
  tool_call: "call",
  code_cell: "cell",
  terminal_session: "terminal",
  terminal_operation: "terminal",
  compaction: "compaction",
  compaction_request: "compaction",
  interaction_edge: "edge",
  span: "span",
};

export function typeBadge(model: Model, node: number): HTMLElement {
  const type = model.type(node);
  return el("span", `badge ${type}`, TYPE_WORDS[type] ?? type);
}

/** How it went; nothing for what went well, because that is most of it. */
export function statusPill(model: Model, node: number): HTMLElement | null {
  const status = model.type(node) === "conversation_item" ? "" : model.status(node);
  if (status === "" || status === "completed") return null;
  return el("span", `pill ${status}`, wordsOf(status));
}

export class OutlineView {
  readonly element: HTMLElement;
  readonly #list: VirtualList;
  readonly #model: Model;
  /** Lines with children that are hidden, as places in the outline. */
  readonly #closed = new Set<number>();
  /** Places in the outline of the lines that are shown. */
  #shown: number[] = [];
  readonly #placeOf = new Map<number, number>();

  constructor(model: Model, onPick: (node: number, isJump: boolean) => void) {
    this.#model = model;
    model.index.outline.forEach(([node], place) => this.#placeOf.set(node, place));
    this.#list = new VirtualList({
      label: "Outline",
      role: "tree",
      height: LINE_HEIGHT,
      render: (row, index) => this.#render(row, this.#shown[index] ?? 0),
      onPick: (index, isChosen) => onPick(this.#nodeAt(this.#shown[index] ?? 0), isChosen),
      onKey: (key, index) => this.#onKey(key, index),
    });
    this.element = this.#list.element;
    this.#collect();
    this.#list.reset(this.#shown.length);
  }

  /** Marks the line of a node, opening what hides it. */
  choose(node: number): void {
    const place = this.#placeOf.get(node);
    if (place === undefined) return this.#list.activate(-1);
    if (this.#shown[this.#list.active] === place) return;
    let index = this.#indexOf(place);
    if (index === -1) {
      for (let at = place, depth = this.#depth(place); at >= 0; at -= 1) {
        if (this.#depth(at) >= depth) continue;
        depth = this.#depth(at);
        this.#closed.delete(at);
      }
      this.#collect();
      index = this.#indexOf(place);
      this.#list.update(this.#shown.length, index);
    }
    this.#list.activate(index);
  }

  /** Draws what was hidden until now. */
  appear(): void {
    this.#list.activate(this.#list.active);
    this.#list.refresh();
  }

  /** Only agents and turns, or everything. */
  closeAll(isClosed: boolean): void {
    const active = this.#shown[this.#list.active] ?? -1;
    this.#closed.clear();
    if (isClosed) {
      this.#model.index.outline.forEach(([node], place) => {
        if (this.#model.type(node) === "turn") this.#closed.add(place);
      });
    }
    this.#collect();
    this.#list.update(this.#shown.length, this.#indexOf(active));
    this.#list.activate(this.#indexOf(active));
  }

  #nodeAt(place: number): number {
    return this.#model.index.outline[place]?.[0] ?? -1;
  }

  #depth(place: number): number {
    return this.#model.index.outline[place]?.[1] ?? 0;
  }

  #hasChildren(place: number): boolean {
    return place + 1 < this.#model.index.outline.length && this.#depth(place + 1) > this.#depth(place);
  }

  #collect(): void {
    const shown: number[] = [];
    let hiddenBelow = Number.POSITIVE_INFINITY;
    this.#model.index.outline.forEach(([, depth], place) => {
      if (depth > hiddenBelow) return;
      hiddenBelow = this.#closed.has(place) ? depth : Number.POSITIVE_INFINITY;
      shown.push(place);
    });
    this.#shown = shown;
  }

  /** The shown places are in order. */
  #indexOf(place: number): number {
    let low = 0;
    for (let high = this.#shown.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((this.#shown[middle] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return this.#shown[low] === place ? low : -1;
  }

  #render(row: HTMLElement, place: number): void {
    const model = this.#model;
    const node = this.#nodeAt(place);
    const depth = this.#depth(place);
    row.classList.add("outline-row");
    row.setAttribute("aria-level", String(depth + 1));
    const isParent = this.#hasChildren(place);
    const twist = el("span", isParent ? "twist" : "twist none", this.#closed.has(place) ? "▸" : "▾");
    if (isParent) {
      row.setAttribute("aria-expanded", String(!this.#closed.has(place)));
      twist.addEventListener("click", (event) => {
        event.preventDefault();
        this.#toggle(place);
      });
    }
    const [start, end] = [model.start(node), model.end(node)];
    const took = start === -1 || end <= start ? "" : durationText(end - start);
    const indent = el("span", "indent");
    indent.style.width = `${Math.min(depth, INDENTED) * INDENT}px`;
    row.append(
      indent,
      twist,
      typeBadge(model, node),
      quoted("name", model.label(node)),
      statusPill(model, node) ?? "",
      quoted("preview", model.preview(node)),
      el("span", "took", took),
    );
  }

  #toggle(place: number): void {
    if (!this.#closed.delete(place)) this.#closed.add(place);
    const active = this.#shown[this.#list.active] ?? -1;
    this.#collect();
    this.#list.update(this.#shown.length, this.#indexOf(active));
  }

  #onKey(key: string, index: number): boolean {
    const place = this.#shown[index];
    if (place === undefined) return false;
    const isOpen = this.#hasChildren(place) && !this.#closed.has(place);
    if (key === "ArrowLeft" && isOpen) this.#toggle(place);
    else if (key === "ArrowRight" && this.#closed.has(place)) this.#toggle(place);
    else if (key === "ArrowLeft") {
      let above = place;
      while (above > 0 && this.#depth(above) >= this.#depth(place)) above -= 1;
      this.#list.activate(this.#indexOf(above));
    } else return false;
    return true;
  }
}
