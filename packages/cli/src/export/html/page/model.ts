/** Questions about the recording that the index answers. */
import type { PageIndex } from "./data.ts";

/** Chosen: an object by its number, or an event by its `seq`. */
export type Chosen =
  | { readonly type: "node"; readonly node: number }
  | { readonly type: "event"; readonly seq: number };

type Request = PageIndex["requests"][number];

export class Model {
  readonly index: PageIndex;
  /** The lane of each node that has a bar; -1 for others. */
  readonly laneOf: Int32Array;
  readonly #requests: ReadonlyMap<number, Request>;
  /** Requests by agent, in order. */
  readonly #requestsOf: ReadonlyMap<number, readonly Request[]>;

  constructor(index: PageIndex) {
    this.index = index;
    this.laneOf = new Int32Array(index.nodes.id.length).fill(-1);
    index.lanes.forEach((lane, number) => {
      for (const node of lane.bars) this.laneOf[node] = number;
    });
    this.#requests = new Map(index.requests.map((request) => [request[0], request]));
    const ordered = index.requests.toSorted((left, right) => this.start(left[0]) - this.start(right[0]));
    this.#requestsOf = Map.groupBy(ordered, (request) => this.agent(request[0]));
  }

  get size(): number {
    return this.index.nodes.id.length;
  }

  type(node: number): string {
    return this.index.types[this.index.nodes.type[node] ?? -1] ?? "";
  }

  id(node: number): string {
    return this.index.nodes.id[node] ?? "";
  }

  label(node: number): string {
    return this.index.nodes.label[node] ?? "";
  }

  preview(node: number): string {
    return this.index.nodes.preview[node] ?? "";
  }

  status(node: number): string {
    return this.index.statuses[this.index.nodes.status[node] ?? -1] ?? "";
  }

  agent(node: number): number {
    return this.index.nodes.agent[node] ?? -1;
  }

  /** Microseconds from the start, or -1. */
  start(node: number): number {
    return this.index.nodes.start[node] ?? -1;
  }

  /** -1 while it is running. */
  end(node: number): number {
    return this.index.nodes.end[node] ?? -1;
  }

  agentPath(node: number): string {
    return this.index.agents[this.agent(node)]?.path ?? "";
  }

  isRequest(node: number): boolean {
    return this.#requests.has(node);
  }

  /** What a request showed to the model, and from where on it was new. */
  shown(node: number): { readonly items: readonly number[]; readonly kept: number } {
    const pieces: (readonly number[])[] = [];
    const seen = new Set<number>();
    let missing = Number.POSITIVE_INFINITY;
    let at = node;
    for (let request = this.#requests.get(at); request !== undefined && missing > 0 && !seen.has(at);) {
      seen.add(at);
      const [, base, keep, items, response] = request;
      const own = seen.size === 1 ? items : [...items, ...response];
      if (missing > keep) pieces.push(own.slice(0, missing - keep));
      missing = Math.min(missing, keep);
      at = base;
      request = this.#requests.get(at);
    }
    return { items: pieces.toReversed().flat(), kept: this.#requests.get(node)?.[2] ?? 0 };
  }

  answered(node: number): readonly number[] {
    return this.#requests.get(node)?.[4] ?? [];
  }

  /** The requests that showed an item to a model, in order. Linear in the requests of its agent. */
  requestsWith(item: number): readonly number[] {
    const places = new Map<number, number>();
    const found: number[] = [];
    for (const [node, base, keep, items, response] of this.#requestsOf.get(this.agent(item)) ?? []) {
      const kept = places.get(base);
      const added = items.indexOf(item);
      const place = kept !== undefined && kept < keep ? kept : added === -1 ? -1 : keep + added;
      if (place !== -1) {
        places.set(node, place);
        found.push(node);
        continue;
      }
      const answered = response.indexOf(item);
      if (answered !== -1) places.set(node, keep + items.length + answered);
    }
    return found;
  }

  /** The address of what is chosen, within the page. */
  addressOf(chosen: Chosen): string {
    if (chosen.type === "event") return `#seq/${chosen.seq}`;
    if (this.id(chosen.node) === "") return `#node/${chosen.node}`;
    try {
      return `#${this.type(chosen.node)}/${encodeURIComponent(this.id(chosen.node))}`;
    } catch {
      // Half a character has no place in an address.
      return `#node/${chosen.node}`;
    }
  }

  /** What an address names: `#TYPE/ID`, `#seq/N` or just `#ID`. */
  find(address: string): Chosen | null {
    const text = address.replace(/^#/, "");
    const slash = text.indexOf("/");
    const type = text.slice(0, Math.max(0, slash));
    const rest = decoded(text.slice(slash + 1));
    const number = /^\d{1,15}$/.test(rest) ? Number(rest) : -1;
    if (type === "seq" && number !== -1) return { type: "event", seq: number };
    if (type === "node" && number !== -1 && number < this.size) return { type: "node", node: number };
    const whole = decoded(text);
    if (whole === "") return null;
    const { id } = this.index.nodes;
    const exact = id.findIndex((known, node) => known === rest && this.type(node) === type);
    const node = exact === -1 ? id.indexOf(whole) : exact;
    return node === -1 ? null : { type: "node", node };
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
