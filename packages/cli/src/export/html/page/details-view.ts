/** Everything about what is chosen: what it is, what the model saw of it, its texts, its links, its evidence. */
import type { Blocks } from "./blocks.ts";
import type { PageDetail, PageLink } from "./data.ts";
import { el, quoted } from "./dom.ts";
import { evidenceView } from "./evidence-view.ts";
import { countText, durationText, groupedText } from "./format.ts";
import type { Chosen, Model } from "./model.ts";
import { statusPill, typeBadge } from "./outline-view.ts";
import { textView } from "./text-view.ts";
import { ItemList } from "./transcript-view.ts";

export interface DetailsOptions {
  readonly model: Model;
  readonly blocks: Blocks;
  onPick(chosen: Chosen): void;
}

/** Items of an object whose requests are looked up: each costs a pass over the requests of its agent. */
const SIGHTED = 12;

export class DetailsView {
  readonly element: HTMLElement = el("section", "details");
  readonly #options: DetailsOptions;
  /** What is to be shown; answers about anything else come too late. */
  #chosen: Chosen | null = null;

  constructor(options: DetailsOptions) {
    this.#options = options;
    this.element.tabIndex = -1;
    this.element.setAttribute("aria-label", "Details");
    this.element.append(
      el(
        "p",
        "hint",
        "Choose something in the timeline, the outline or the transcript to see what it consists of and what was recorded of it.",
      ),
    );
  }

  async show(chosen: Chosen): Promise<void> {
    this.#chosen = chosen;
    if (chosen.type === "event") {
      this.#fill(el("h2", "title", `event seq ${chosen.seq}`), this.#evidence([chosen.seq], 0));
      return;
    }
    const { node } = chosen;
    let detail: PageDetail | undefined;
    try {
      detail = await this.#options.blocks.detail(node);
    } catch (error) {
      this.#fill(
        this.#head(node),
        el("p", "problem-text", error instanceof Error ? error.message : String(error)),
      );
      return;
    }
    if (this.#chosen !== chosen || detail === undefined) return;
    this.#fill(
      this.#head(node),
      this.#shownToModel(node),
      this.#answer(node),
      ...detail.texts.map((text) => textView(text)),
      this.#sightings(node, detail),
      section(
        "Links",
        ...detail.links.map((link) => this.#link(link, "→")),
        ...detail.backlinks.map((link) => this.#link(link, "←")),
      ),
      section(
        countText(detail.seqs.length + detail.moreSeqs, "recorded event"),
        this.#evidence(detail.seqs, detail.moreSeqs),
      ),
      factsView(detail),
    );
  }

  #fill(...children: readonly (HTMLElement | null)[]): void {
    this.element.replaceChildren(...children.filter((child) => child !== null));
    this.element.scrollTop = 0;
    for (const child of children) child?.dispatchEvent(new Event("appear"));
  }

  #head(node: number): HTMLElement {
    const { model } = this.#options;
    const [start, end] = [model.start(node), model.end(node)];
    const took = end === -1 ? "still running at the end" : end > start ? durationText(end - start) : "";
    const path = model.agentPath(node);
    return el(
      "header",
      "head",
      el(
        "h2",
        "title",
        typeBadge(model, node),
        " ",
        quoted("", model.label(node)),
        statusPill(model, node) ?? "",
      ),
      el(
        "p",
        "sub",
        path === "" || model.type(node) === "thread"
          ? ""
          : el("span", "", "of ", this.#nodeLink(model.index.agents[model.agent(node)]?.node ?? -1)),
        start === -1 ? "" : el("span", "", `+${durationText(start)}`),
        start === -1 ? "" : el("span", "", took),
        el("code", "id", quoted("", model.id(node))),
      ),
    );
  }

  #nodeLink(node: number): HTMLElement {
    const { model } = this.#options;
    const link = el("a", "node-link", quoted("", model.label(node)));
    link.href = model.addressOf({ type: "node", node });
    return link;
  }

  /** The request as the model saw it. */
  #shownToModel(node: number): HTMLElement | null {
    const { model, blocks } = this.#options;
    if (!model.isRequest(node)) return null;
    const { items, kept } = model.shown(node);
    const list = new ItemList(model, blocks, {
      label: "What the model saw",
      onPick: (item, isJump) => isJump && this.#options.onPick({ type: "node", node: item }),
    });
    const made = section(
      `What the model saw: ${countText(items.length, "item")}, ${groupedText(items.length - kept)} of them new`,
      list.element,
    );
    list.element.classList.add("inset");
    made?.addEventListener("appear", () => {
      list.show(items, kept);
      list.scrollTo(kept);
    });
    return made;
  }

  #answer(node: number): HTMLElement | null {
    const { model, blocks } = this.#options;
    const answered = model.answered(node);
    if (answered.length === 0) return null;
    const made = section(`What it answered: ${countText(answered.length, "item")}`);
    for (const item of answered) {
      const box = el("div", "answer", el("div", "answer-head", this.#nodeLink(item)));
      made.append(box);
      void blocks.detail(item).then((detail) => {
        for (const text of detail?.texts ?? []) box.append(textView(text, false));
      });
    }
    return made;
  }

  /** Which requests showed the object's items to a model. */
  #sightings(node: number, detail: PageDetail): HTMLElement | null {
    const { model } = this.#options;
    if (model.isRequest(node) || UNSEEN_TYPES.has(model.type(node))) return null;
    const linked = detail.links.flatMap(({ nodes }) => nodes);
    const items =
      model.type(node) === "conversation_item"
        ? [node]
        : linked.filter((to) => model.type(to) === "conversation_item");
    const cell = linked.find((to) => model.type(to) === "code_cell");
    const rows = [...new Set(items)].slice(0, SIGHTED).map((item) => {
      const requests = model.requestsWith(item);
      const [first, last] = [requests[0], requests.at(-1)];
      const where =
        first === undefined || last === undefined
          ? [" is in no request: no model was shown it"]
          : [
              ` is in ${countText(requests.length, "request")}, first `,
              this.#nodeLink(first),
              ...(last === first ? [] : [", last ", this.#nodeLink(last)]),
            ];
      return el("p", "sighting", item === node ? "It" : this.#nodeLink(item), ...where);
    });
    if (rows.length === 0 && model.type(node) === "tool_call" && cell !== undefined) {
      rows.push(
        el(
          "p",
          "sighting",
          "It went to a script; a model saw what the script passed on: ",
          this.#nodeLink(cell),
        ),
      );
    }
    return rows.length === 0 ? null : section("What the model saw of it", ...rows);
  }

  #link({ name, nodes, more }: PageLink, arrow: string): HTMLElement {
    return el(
      "div",
      "links",
      el("span", "link-name", `${arrow} ${name}`),
      el(
        "span",
        "link-nodes",
        ...nodes.map((node) => this.#nodeLink(node)),
        more > 0 ? el("span", "cut", `and ${groupedText(more)} more`) : null,
      ),
    );
  }

  #evidence(seqs: readonly number[], more: number): HTMLElement {
    return evidenceView(this.#options.blocks, seqs, {
      more,
      onSeq: (seq) => this.#options.onPick({ type: "event", seq }),
    });
  }
}

/** Objects whose items are those of many others. */
const UNSEEN_TYPES: ReadonlySet<string> = new Set(["thread", "turn", "span"]);

function section(title: string, ...children: readonly HTMLElement[]): HTMLElement {
  const made = el("section", "part-of", el("h3", "", title), ...children);
  if (children.length === 0) made.classList.add("open-end");
  return made;
}

function factsView({ facts }: PageDetail): HTMLElement | null {
  if (facts.length === 0) return null;
  const list = el("dl", "facts");
  for (const [name, value] of facts) list.append(el("dt", "", name), el("dd", "", quoted("", value)));
  return el("details", "all-facts", el("summary", "", `All fields (${facts.length})`), list);
}
