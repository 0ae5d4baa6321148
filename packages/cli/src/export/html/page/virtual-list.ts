/**
 * A list of any length of which only the lines in sight are in the document.
 *
 * Lines may be of any height: one counts as high as it was when it was last in sight, before that as high as the list expects.
 * Keys: arrows, Page Up, Page Down, Home and End move, Enter chooses.
 */
import { el } from "./dom.ts";

export interface VirtualListOptions {
  /** What the list is, for those who cannot see it. */
  readonly label: string;
  readonly role: "listbox" | "tree";
  /** Pixels a line is expected to be high. */
  readonly height: number;
  /** Fills the element of a line. */
  render(element: HTMLElement, index: number): void;
  /** A line was moved to (`false`) or chosen (`true`) by a person. */
  onPick?(index: number, isChosen: boolean): void;
  /** Keys that the list does not know itself. True when it was one. */
  onKey?(key: string, index: number): boolean;
}

/** Lines beyond the edge that are there already when somebody scrolls. */
const OVERSCAN = 4;

export class VirtualList {
  readonly element: HTMLElement;
  readonly #space: HTMLElement;
  readonly #options: VirtualListOptions;
  readonly #rows = new Map<number, HTMLElement>();
  #heights = new Heights(0, 1);
  #count = 0;
  #active = -1;
  #isScheduled = false;
  /** The line that stays in sight, whatever the lines above it turn out to need, until a person scrolls. */
  #pinned: { readonly index: number; readonly isOnTop: boolean } | null = null;
  static #lists = 0;
  readonly #name: string;

  constructor(options: VirtualListOptions) {
    this.#options = options;
    VirtualList.#lists += 1;
    this.#name = `list-${VirtualList.#lists}`;
    this.#space = el("div", "list-space");
    this.#space.setAttribute("role", "presentation");
    this.element = el("div", "list", this.#space);
    this.element.tabIndex = 0;
    this.element.setAttribute("role", options.role);
    this.element.setAttribute("aria-label", options.label);
    this.element.addEventListener("scroll", () => this.#schedule(), { passive: true });
    for (const kind of ["wheel", "pointerdown", "touchmove"]) {
      this.element.addEventListener(kind, () => (this.#pinned = null), { passive: true });
    }
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#schedule()).observe(this.element);
  }

  get active(): number {
    return this.#active;
  }

  /** Shows other lines, from the top. */
  reset(count: number): void {
    this.#count = count;
    this.#heights = new Heights(count, this.#options.height);
    this.#active = -1;
    this.#pinned = null;
    this.element.scrollTop = 0;
    this.refresh();
  }

  /** The lines are others, or as many as before but different; the place stays. */
  update(count: number, active: number): void {
    this.#count = count;
    this.#heights = new Heights(count, this.#options.height);
    this.#active = active;
    this.refresh();
  }

  /** Draws the lines in sight anew. */
  refresh(): void {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#space.style.height = `${this.#heights.total}px`;
    this.#draw();
  }

  /** Marks a line and brings it into sight. */
  activate(index: number): void {
    const before = this.#active;
    this.#active = index;
    for (const changed of [before, index]) this.#mark(changed);
    this.#pinned = index < 0 ? null : { index, isOnTop: false };
    this.#draw();
  }

  /** Brings a line to the top. */
  scrollTo(index: number): void {
    this.#pinned = { index, isOnTop: true };
    this.#draw();
  }

  /** Moves so that the pinned line is in sight. */
  #reveal(): void {
    if (this.#pinned === null) return;
    const { index, isOnTop } = this.#pinned;
    this.#space.style.height = `${this.#heights.total}px`;
    const top = this.#heights.before(index);
    const bottom = top + this.#heights.of(index);
    const { scrollTop, clientHeight } = this.element;
    if (isOnTop || top < scrollTop) this.element.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) {
      this.element.scrollTop = Math.min(top, bottom - clientHeight);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { clientHeight } = this.element;
    if (clientHeight === 0) return;
    // What comes into sight is measured, which may bring more into sight; that settles at once or in the next frame.
    for (let round = 0; round < 3; round += 1) {
      this.#reveal();
      const { scrollTop } = this.element;
      const first = Math.max(0, this.#heights.at(scrollTop) - OVERSCAN);
      const last = Math.min(this.#count - 1, this.#heights.at(scrollTop + clientHeight) + OVERSCAN);
      for (const [index, row] of this.#rows) {
        if (index >= first && index <= last) continue;
        row.remove();
        this.#rows.delete(index);
      }
      const added: number[] = [];
      for (let index = first; index <= last; index += 1) {
        if (this.#rows.has(index)) continue;
        this.#add(index);
        added.push(index);
      }
      const changed = this.#measure(first, last, this.#heights.at(scrollTop));
      if (added.length === 0 && !changed) break;
    }
    this.#space.style.height = `${this.#heights.total}px`;
    for (const [index, row] of this.#rows) row.style.top = `${this.#heights.before(index)}px`;
  }

  /** Takes the heights of lines; what is in sight stays where it is when lines above it turn out higher or lower. */
  #measure(first: number, last: number, anchor: number): boolean {
    const before = this.#heights.before(anchor);
    let isChanged = false;
    for (let index = first; index <= last; index += 1) {
      const height = this.#rows.get(index)?.offsetHeight ?? 0;
      if (height > 0 && this.#heights.set(index, height)) isChanged = true;
    }
    const moved = this.#heights.before(anchor) - before;
    if (moved !== 0) {
      this.#space.style.height = `${this.#heights.total}px`;
      this.element.scrollTop += moved;
    }
    return isChanged;
  }

  #add(index: number): void {
    const row = el("div", "list-row");
    row.id = `${this.#name}-${index}`;
    row.setAttribute("role", this.#options.role === "tree" ? "treeitem" : "option");
    row.setAttribute("aria-posinset", String(index + 1));
    row.setAttribute("aria-setsize", String(this.#count));
    this.#options.render(row, index);
    row.addEventListener("click", (event) => {
      if (event.defaultPrevented) return;
      this.activate(index);
      this.#options.onPick?.(index, true);
    });
    this.#rows.set(index, row);
    this.#mark(index);
    this.#space.append(row);
  }

  /** A line whose contents came later than the line. */
  changed(index: number): void {
    if (this.#rows.has(index)) this.#schedule();
  }

  #mark(index: number): void {
    const row = this.#rows.get(index);
    const isActive = index === this.#active;
    row?.classList.toggle("active", isActive);
    row?.setAttribute("aria-selected", String(isActive));
    if (isActive) this.element.setAttribute("aria-activedescendant", `${this.#name}-${index}`);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.element) return;
    if (event.key === "Enter" && this.#active >= 0) {
      event.preventDefault();
      this.#options.onPick?.(this.#active, true);
      return;
    }
    if (this.#options.onKey?.(event.key, this.#active) === true) {
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#options.height) - 1);
    const to = moved(event.key, { active: this.#active, count: this.#count, page });
    if (to === null) return;
    event.preventDefault();
    this.activate(to);
    this.#options.onPick?.(to, false);
  }
}

function moved(
  key: string,
  { active, count, page }: { readonly active: number; readonly count: number; readonly page: number },
): number | null {
  if (count === 0) return null;
  const within = (index: number): number => Math.max(0, Math.min(count - 1, index));
  switch (key) {
    case "ArrowDown":
    case "j":
      return within(active + 1);
    case "ArrowUp":
    case "k":
      return within(active - 1);
    case "PageDown":
      return within(active + page);
    case "PageUp":
      return within(active - page);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

/** Heights of lines and their sums, in a Fenwick tree: changing one and finding a place cost the logarithm of the number of lines. */
class Heights {
  readonly #heights: Float64Array;
  readonly #sums: Float64Array;
  #total = 0;

  constructor(count: number, height: number) {
    this.#heights = new Float64Array(count).fill(height);
    this.#sums = new Float64Array(count + 1);
    for (let index = 1; index <= count; index += 1) {
      this.#sums[index] = (this.#sums[index] ?? 0) + height;
      const next = index + (index & -index);
      if (next <= count) this.#sums[next] = (this.#sums[next] ?? 0) + (this.#sums[index] ?? 0);
    }
    this.#total = count * height;
  }

  get total(): number {
    return this.#total;
  }

  of(index: number): number {
    return this.#heights[index] ?? 0;
  }

  /** True when it is another height than before. */
  set(index: number, height: number): boolean {
    const change = height - this.of(index);
    if (change === 0) return false;
    this.#heights[index] = height;
    this.#total += change;
    for (let place = index + 1; place < this.#sums.length; place += place & -place) {
      this.#sums[place] = (this.#sums[place] ?? 0) + change;
    }
    return true;
  }

  /** Pixels above a line. */
  before(index: number): number {
    let sum = 0;
    for (let place = index; place > 0; place -= place & -place) sum += this.#sums[place] ?? 0;
    return sum;
  }

  /** The line at a number of pixels from the top. */
  at(pixels: number): number {
    const count = this.#heights.length;
    let place = 0;
    let left = pixels;
    for (let step = 1 << Math.max(0, 31 - Math.clz32(Math.max(1, count))); step > 0; step >>= 1) {
      const next = place + step;
      if (next <= count && (this.#sums[next] ?? 0) <= left) {
        place = next;
        left -= this.#sums[next] ?? 0;
      }
    }
    return Math.min(place, Math.max(0, count - 1));
  }
}
