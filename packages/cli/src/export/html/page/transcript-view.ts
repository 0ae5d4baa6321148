/** What one agent's model was shown and said, in order: the transcript. */
import type { Blocks } from "./blocks.ts";
import type { PageDetail } from "./data.ts";
import { el, quoted, recorded } from "./dom.ts";
import { groupedText, wordsOf } from "./format.ts";
import type { Model } from "./model.ts";
import { VirtualList } from "./virtual-list.ts";

/** Characters of an item in the list; the rest is beside it when it is chosen. */
const SHOWN = 1_500;

/** Items of one agent, or any other list of items. */
export class ItemList {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #blocks: Blocks;
  readonly #list: VirtualList;
  #items: readonly number[] = [];
  /** The first item that is new; what is before it was there already. */
  #newFrom = 0;
  /** Texts that have arrived, so that a line has its height when it comes back. */
  readonly #details = new Map<number, PageDetail>();

  constructor(
    model: Model,
    blocks: Blocks,
    options: { readonly label: string; readonly onPick: (node: number, isJump: boolean) => void },
  ) {
    this.#model = model;
    this.#blocks = blocks;
    this.#list = new VirtualList({
      label: options.label,
      role: "listbox",
      height: 84,
      render: (row, index) => this.#render(row, index),
      onPick: (index, isChosen) => options.onPick(this.#items[index] ?? -1, isChosen),
    });
    this.element = this.#list.element;
  }

  show(items: readonly number[], newFrom: number = 0): void {
    this.#items = items;
    this.#newFrom = newFrom;
    this.#list.reset(items.length);
  }

  choose(node: number): void {
    this.#list.activate(this.#items.indexOf(node));
  }

  /** Draws what was hidden until now. */
  appear(): void {
    this.#list.refresh();
    this.#list.activate(this.#list.active);
  }

  scrollTo(index: number): void {
    if (index > 0 && index < this.#items.length) this.#list.scrollTo(index);
  }

  #render(row: HTMLElement, index: number): void {
    const node = this.#items[index] ?? -1;
    const label = this.#model.label(node);
    row.classList.add("item", roleOf(this.#model, node));
    if (index < this.#newFrom) row.classList.add("kept");
    const body = el("div", "item-body");
    row.append(
      el("div", "item-head", quoted("item-role", label), el("span", "item-number", `${index + 1}`)),
      body,
    );
    const known = this.#details.get(node);
    if (known !== undefined) {
      fill(body, known);
      return;
    }
    body.append(recorded(this.#model.preview(node)));
    void this.#blocks.detail(node).then((detail) => {
      if (detail === undefined) return;
      if (this.#details.size > KEPT) this.#details.clear();
      this.#details.set(node, detail);
      fill(body, detail);
      this.#list.changed(index);
    });
  }
}

/** Details kept of items that were in sight. */
const KEPT = 2_000;

function fill(body: HTMLElement, detail: PageDetail): void {
  body.replaceChildren(
    ...detail.texts.map(({ kind, text, cut }) => {
      const rest = text.length + cut - SHOWN;
      const part = el("div", `part kind-${kind}`);
      part.dir = "auto";
      part.append(recorded(text.slice(0, SHOWN)));
      if (rest > 0) part.append(el("span", "cut", ` … ${groupedText(rest)} more characters`));
      return part;
    }),
  );
}

/** The colours of a transcript: who speaks. */
function roleOf(model: Model, node: number): string {
  return model.label(node) === "reasoning" ? "reasoning" : `role-${model.status(node)}`;
}

export class TranscriptView {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #select = el("select", "agent-select");
  readonly #items: ItemList;
  #agent = -1;

  constructor(model: Model, blocks: Blocks, onPick: (node: number, isJump: boolean) => void) {
    this.#model = model;
    this.#items = new ItemList(model, blocks, { label: "Transcript", onPick });
    model.index.agents.forEach(({ path, transcript }, agent) => {
      const option = el("option");
      option.value = String(agent);
      option.append(recorded(`${path}  (${wordsOf(groupedText(transcript.length))} items)`));
      this.#select.append(option);
    });
    this.#select.setAttribute("aria-label", "Agent");
    this.#select.addEventListener("change", () => this.#show(Number(this.#select.value)));
    this.element = el("div", "transcript", el("div", "bar", this.#select), this.#items.element);
    this.#show(0);
  }

  /** Shows the agent of a node, and the node itself where it is an item. */
  choose(node: number): void {
    const agent = this.#model.agent(node);
    if (agent !== -1) this.#show(agent);
    if (this.#model.type(node) === "conversation_item") this.#items.choose(node);
  }

  appear(): void {
    this.#items.appear();
  }

  #show(agent: number): void {
    if (agent === this.#agent) return;
    this.#agent = agent;
    this.#select.value = String(agent);
    this.#items.show(this.#model.index.agents[agent]?.transcript ?? []);
  }
}
