/** Puts the page together: what is chosen in one part is shown in the others, and is the page's address. */
import { Blocks, readIndex } from "./blocks.ts";
import { DetailsView } from "./details-view.ts";
import { button, el, plain, quoted } from "./dom.ts";
import { wordsOf } from "./format.ts";
import { type Chosen, Model } from "./model.ts";
import { OutlineView } from "./outline-view.ts";
import { problemsView } from "./problems-view.ts";
import { Search } from "./search.ts";
import { TimelineView } from "./timeline-view.ts";
import { TranscriptView } from "./transcript-view.ts";

type Tab = "outline" | "transcript" | "search";

/** Milliseconds without a key before a search begins. */
const SEARCH_PAUSE = 120;

/** As in the style sheet. */
const NARROW = "(max-width:760px)";

const KEYS = [
  ["/", "search"],
  ["1 2 3", "outline, transcript, search"],
  ["t", "timeline"],
  ["d", "details"],
  ["↑ ↓ j k", "move in a list or between lanes"],
  ["← →", "close and open; in the timeline: from bar to bar"],
  ["Enter", "choose, and go to the details"],
  ["+ − 0 f", "in the timeline: zoom, everything, what is chosen"],
  ["Alt ←", "back to what was chosen before"],
  ["?", "this list"],
] as const;

class Page {
  readonly #model: Model;
  readonly #timeline: TimelineView;
  readonly #outline: OutlineView;
  readonly #transcript: TranscriptView;
  readonly #search: Search;
  readonly #details: DetailsView;
  readonly #input = el("input", "search");
  readonly #keys: HTMLDialogElement = keysDialog();
  readonly #tabs = new Map<Tab, { readonly tab: HTMLElement; readonly panel: HTMLElement }>();
  #searchTimer = 0;

  constructor(model: Model, blocks: Blocks) {
    this.#model = model;
    const pickNode = (node: number, isJump: boolean): void => this.#pick({ type: "node", node }, isJump);
    this.#timeline = new TimelineView({ model, onPick: pickNode });
    this.#outline = new OutlineView(model, pickNode);
    this.#transcript = new TranscriptView(model, blocks, pickNode);
    this.#search = new Search(model, blocks, (chosen, isJump) => this.#pick(chosen, isJump));
    this.#details = new DetailsView({ model, blocks, onPick: (chosen) => this.#pick(chosen, true) });
  }

  start(root: HTMLElement): void {
    document.title = `${plain(this.#model.index.rollout.id)} · rollout-trace`;
    const split = el("main", "split", this.#left(), this.#details.element);
    root.replaceChildren(
      this.#header(),
      problemsView(this.#model, (chosen) => this.#pick(chosen, true)) ?? "",
      this.#timeline.element,
      split,
      this.#keys,
    );
    this.#openTab("outline");
    document.addEventListener("keydown", (event) => this.#onKey(event));
    window.addEventListener("hashchange", () => this.#follow());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#timeline.repaint());
    this.#follow();
  }

  #header(): HTMLElement {
    const { rollout } = this.#model.index;
    this.#input.type = "search";
    this.#input.placeholder = "Search  ( / )";
    this.#input.setAttribute("aria-label", "Search names, ids, texts and events");
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#searchTimer);
      this.#searchTimer = setTimeout(() => {
        this.#openTab("search");
        void this.#search.run(this.#input.value);
      }, SEARCH_PAUSE);
    });
    return el(
      "header",
      "top",
      el(
        "div",
        "what",
        el(
          "h1",
          "",
          quoted("", rollout.id),
          el("span", `pill ${rollout.status}`, rollout.status),
          rollout.note === null ? null : el("span", "pill warning", rollout.note),
          quoted("source", rollout.source),
        ),
        el("p", "facts-line", ...rollout.facts.map((fact) => quoted("fact", fact))),
      ),
      this.#input,
      button("◐", "Light or dark", "round", () => this.#changeTheme()),
      button("?", "Keys", "round", () => this.#keys.showModal()),
    );
  }

  #left(): HTMLElement {
    const tabs = el("div", "tablist");
    tabs.setAttribute("role", "tablist");
    const bar = el("div", "tabs", tabs);
    const panels: readonly (readonly [Tab, string, HTMLElement])[] = [
      ["outline", "Outline", this.#outline.element],
      ["transcript", "Transcript", this.#transcript.element],
      ["search", "Search", this.#search.element],
    ];
    const left = el("section", "left", bar);
    left.setAttribute("aria-label", "Outline and transcript");
    for (const [name, title, panel] of panels) {
      const tab = button(title, title, "tab", () => this.#openTab(name));
      tab.setAttribute("role", "tab");
      const holder = el("div", "panel", panel);
      holder.setAttribute("role", "tabpanel");
      holder.setAttribute("aria-label", title);
      tabs.append(tab);
      left.append(holder);
      this.#tabs.set(name, { tab, panel: holder });
    }
    bar.append(
      el("span", "grow"),
      button("turns only", "Close all turns in the outline", "", () => this.#outline.closeAll(true)),
      button("open all", "Open everything in the outline", "", () => this.#outline.closeAll(false)),
    );
    return left;
  }

  #openTab(wanted: Tab): void {
    for (const [name, { tab, panel }] of this.#tabs) {
      tab.setAttribute("aria-selected", String(name === wanted));
      panel.hidden = name !== wanted;
    }
    if (wanted === "outline") this.#outline.appear();
    else if (wanted === "transcript") this.#transcript.appear();
    else this.#search.appear();
  }

  /** A jump gets a place in the browser's history; moving along a list does not. */
  #pick(chosen: Chosen, isJump: boolean): void {
    const address = this.#model.addressOf(chosen);
    if (isJump && location.hash !== address) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.#show(chosen);
    if (!isJump || document.activeElement?.tagName === "CANVAS") return;
    this.#details.element.focus({ preventScroll: true });
    // On a narrow screen the details are below everything else.
    if (matchMedia(NARROW).matches) this.#details.element.scrollIntoView();
  }

  #follow(): void {
    const chosen = this.#model.find(location.hash);
    const root = this.#model.index.agents[0]?.node;
    if (chosen !== null) this.#show(chosen);
    else if (root !== undefined) this.#show({ type: "node", node: root });
  }

  #show(chosen: Chosen): void {
    const node = chosen.type === "node" ? chosen.node : -1;
    this.#timeline.choose(node);
    if (node !== -1) {
      this.#outline.choose(node);
      this.#transcript.choose(node);
    }
    void this.#details.show(chosen);
  }

  #changeTheme(): void {
    const root = document.documentElement;
    const isDark =
      root.dataset["theme"] === undefined
        ? matchMedia("(prefers-color-scheme: dark)").matches
        : root.dataset["theme"] === "dark";
    root.dataset["theme"] = isDark ? "light" : "dark";
    this.#timeline.repaint();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#keys.open) return;
    if (event.target === this.#input) {
      if (event.key === "Escape") this.#input.blur();
      if (event.key === "Enter" || event.key === "ArrowDown") this.#search.focus();
      return;
    }
    if (event.target instanceof HTMLSelectElement) return;
    const act = this.#keyActions()[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #keyActions(): { readonly [key: string]: (() => void) | undefined } {
    const focus = (tab: Tab): void => {
      this.#openTab(tab);
      this.#tabs.get(tab)?.panel.querySelector<HTMLElement>(".list")?.focus();
    };
    return {
      "/": () => this.#input.select(),
      "?": () => this.#keys.showModal(),
      1: () => focus("outline"),
      2: () => focus("transcript"),
      3: () => focus("search"),
      t: () => this.#timeline.element.querySelector<HTMLElement>(".timeline-canvas")?.focus(),
      d: () => this.#details.element.focus(),
    };
  }
}

function keysDialog(): HTMLDialogElement {
  const list = el("dl", "keys");
  for (const [key, meaning] of KEYS) list.append(el("dt", "", el("kbd", "", key)), el("dd", "", meaning));
  const dialog = el("dialog", "keys-dialog", el("h2", "", "Keys"), list);
  const close = button("close", "Close", "", () => dialog.close());
  dialog.append(close);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}

async function start(): Promise<void> {
  const root = document.getElementById("app");
  if (root === null) return;
  try {
    const index = await readIndex();
    new Page(new Model(index), new Blocks(index)).start(root);
    // For whoever measures: from here on the page answers.
    performance.mark("usable");
    root.dataset["state"] = "usable";
  } catch (error) {
    root.replaceChildren(
      el(
        "p",
        "problem-text",
        wordsOf(`This page cannot be shown: ${error instanceof Error ? error.message : String(error)}`),
      ),
    );
    root.dataset["state"] = "failed";
  }
}

void start();
