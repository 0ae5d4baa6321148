/**
 * The timeline: a canvas over a scrolling list of lanes, an overview above it, and the means to move in time.
 *
 * Wheel with Ctrl or ⌘ zooms where the pointer is, sideways and with Shift moves, otherwise scrolls the agents. Dragging moves. With
 * the keyboard: arrows go from bar to bar, + and - zoom, Shift with an arrow moves, 0 shows everything, F what is chosen.
 */
import { button, el, plain, quoted } from "./dom.ts";
import { durationText, wordsOf } from "./format.ts";
import type { Model } from "./model.ts";
import { type LaneBox, laneBoxes, layoutHeight, type Palette, readPalette } from "./timeline-layout.ts";
import { TimelineOverview } from "./timeline-overview.ts";
import { AXIS_HEIGHT, contextOf, type Frame, paint, plotWidth } from "./timeline-paint.ts";
import { barAcross, barBeside, firstBar, type Scene, sceneOf, type View } from "./timeline-scene.ts";

export interface TimelineOptions {
  readonly model: Model;
  /** A bar was chosen; `isJump` by pointer or Enter, otherwise by moving. */
  onPick(node: number, isJump: boolean): void;
}

/** Microseconds: nobody looks closer. */
const CLOSEST = 20;

export class TimelineView {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #options: TimelineOptions;
  readonly #boxes: readonly LaneBox[];
  readonly #canvas = el("canvas", "timeline-canvas");
  readonly #overview: TimelineOverview;
  readonly #scroll = el("div", "timeline-scroll");
  readonly #tip = el("div", "tip");
  readonly #range = el("span", "range");
  readonly #fold: HTMLButtonElement;
  #isFolding: boolean;
  #scene: Scene;
  #view: View;
  #palette: Palette = readPalette();
  #chosen = -1;
  #hovered = -1;
  #isScheduled = false;
  #drag: { readonly x: number; readonly view: View; isMoved: boolean } | null = null;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#boxes = laneBoxes(this.#model);
    const folded = sceneOf(this.#model, this.#boxes, true);
    this.#isFolding = folded.scale.total < this.#model.index.rollout.durationUs / 2;
    this.#scene = this.#isFolding ? folded : sceneOf(this.#model, this.#boxes, false);
    this.#view = { from: 0, to: this.#scene.scale.total };
    this.#fold = button("fold idle", "Fold away times in which nothing happened", "toggle", () =>
      this.#toggleFolding(),
    );
    this.#fold.setAttribute("aria-pressed", String(this.#isFolding));
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute("role", "application");
    this.#canvas.setAttribute(
      "aria-label",
      "Timeline. Arrows go from bar to bar, plus and minus zoom, 0 shows everything, F what is chosen. The outline has the same as a list.",
    );
    this.#tip.hidden = true;
    const space = el("div", "timeline-space");
    space.style.height = `${layoutHeight(this.#boxes) + AXIS_HEIGHT}px`;
    this.#scroll.append(this.#canvas, space);
    const tools = el(
      "div",
      "tools",
      el("h2", "", "Timeline"),
      this.#range,
      el("span", "grow"),
      legend(),
      this.#fold,
      button("−", "Zoom out (-)", "", () => this.#zoom(1.6)),
      button("+", "Zoom in (+)", "", () => this.#zoom(1 / 1.6)),
      button("all", "Show everything (0)", "", () => this.#show({ from: 0, to: this.#scene.scale.total })),
    );
    this.#overview = new TimelineOverview({
      frame: () => this.#frame(),
      onPoint: (place) => this.#centre(place),
    });
    this.element = el("section", "timeline", tools, this.#overview.element, this.#scroll, this.#tip);
    this.element.setAttribute("aria-label", "Timeline");
    this.#listen();
  }

  /** Marks a node, and brings it into sight where it is not. */
  choose(node: number): void {
    this.#chosen = node;
    if (this.#model.laneOf[node] !== undefined && this.#model.laneOf[node] !== -1) this.#bringIntoSight(node);
    this.#schedule();
  }

  /** Colours are others. */
  repaint(): void {
    this.#palette = readPalette();
    this.#schedule();
  }

  #toggleFolding(): void {
    const { scale } = this.#scene;
    const [fromUs, toUs] = [scale.usAt(this.#view.from), scale.usAt(this.#view.to)];
    this.#isFolding = !this.#isFolding;
    this.#fold.setAttribute("aria-pressed", String(this.#isFolding));
    this.#scene = sceneOf(this.#model, this.#boxes, this.#isFolding);
    this.#show({ from: this.#scene.scale.placeOf(fromUs), to: this.#scene.scale.placeOf(toUs) });
  }

  #show({ from, to }: View): void {
    const { total } = this.#scene.scale;
    const width = Math.min(total, Math.max(CLOSEST, to - from));
    const start = Math.max(0, Math.min(total - width, from));
    this.#view = { from: start, to: start + width };
    this.#schedule();
  }

  #zoom(factor: number, at?: number): void {
    const { from, to } = this.#view;
    const middle = at ?? this.#placeOfChosen() ?? (from + to) / 2;
    this.#show({ from: middle - (middle - from) * factor, to: middle + (to - middle) * factor });
  }

  /** Shows as much as now, around a place. */
  #centre(place: number): void {
    const half = (this.#view.to - this.#view.from) / 2;
    this.#show({ from: place - half, to: place + half });
  }

  #placeOfChosen(): number | null {
    if (this.#chosen === -1 || this.#model.laneOf[this.#chosen] === -1) return null;
    const place = this.#scene.starts[this.#chosen] ?? 0;
    return place >= this.#view.from && place <= this.#view.to ? place : null;
  }

  #bringIntoSight(node: number): void {
    const { from, to } = this.#view;
    const start = this.#scene.starts[node] ?? 0;
    const end = this.#scene.ends[node] ?? 0;
    const width = to - from;
    if (end < from || start > to) this.#show({ from: start - width * 0.3, to: start + width * 0.7 });
    const box = this.#boxes[this.#model.laneOf[node] ?? -1];
    if (box === undefined) return;
    const { scrollTop, clientHeight } = this.#scroll;
    const room = clientHeight - AXIS_HEIGHT;
    if (box.top < scrollTop) this.#scroll.scrollTop = box.top - 24;
    else if (box.top + box.height > scrollTop + room)
      this.#scroll.scrollTop = box.top + box.height - room + 12;
  }

  #fit(node: number): void {
    const start = this.#scene.starts[node] ?? 0;
    const width = Math.max(CLOSEST, (this.#scene.ends[node] ?? 0) - start);
    this.#show({ from: start - width * 0.15, to: start + width * 1.15 });
  }

  #frame(): Frame {
    const { clientWidth: width, clientHeight: height } = this.#scroll;
    const gutter = width < 600 ? 92 : 168;
    return {
      scene: this.#scene,
      view: this.#view,
      palette: this.#palette,
      width,
      height,
      gutter,
      scrolled: this.#scroll.scrollTop,
      chosen: this.#chosen,
      hovered: this.#hovered,
    };
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#paint();
    });
  }

  #paint(): void {
    const frame = this.#frame();
    if (frame.width === 0 || frame.height === 0) return;
    const context = contextOf(this.#canvas, frame.width, frame.height);
    if (context !== null) paint(context, frame);
    this.#overview.paint(frame);
    const { scale } = this.#scene;
    const [fromUs, toUs] = [scale.usAt(this.#view.from), scale.usAt(this.#view.to)];
    this.#range.textContent = `${durationText(toUs - fromUs)} from +${durationText(fromUs)}`;
  }

  #listen(): void {
    new ResizeObserver(() => this.#schedule()).observe(this.#scroll);
    this.#scroll.addEventListener("scroll", () => this.#schedule(), { passive: true });
    this.#canvas.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    this.#canvas.addEventListener("pointerdown", (event) => {
      this.#drag = { x: event.clientX, view: this.#view, isMoved: false };
      this.#canvas.setPointerCapture(event.pointerId);
    });
    this.#canvas.addEventListener("pointermove", (event) => this.#onMove(event));
    this.#canvas.addEventListener("pointerup", (event) => {
      const wasMoved = this.#drag?.isMoved === true;
      this.#drag = null;
      const node = wasMoved ? -1 : this.#nodeAt(event);
      if (node !== -1) this.#options.onPick(node, true);
    });
    this.#canvas.addEventListener("pointerleave", () => this.#hover(-1, null));
    this.#canvas.addEventListener("dblclick", (event) => {
      const node = this.#nodeAt(event);
      if (node !== -1) this.#fit(node);
    });
    this.#canvas.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #onWheel(event: WheelEvent): void {
    const { width, gutter } = this.#frame();
    const perPixel = (this.#view.to - this.#view.from) / plotWidth({ width, gutter });
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#zoom(Math.exp(event.deltaY * 0.004), this.#view.from + (event.offsetX - gutter) * perPixel);
      return;
    }
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (sideways === 0) return;
    event.preventDefault();
    this.#show({ from: this.#view.from + sideways * perPixel, to: this.#view.to + sideways * perPixel });
  }

  #onMove(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag === null) {
      this.#hover(this.#nodeAt(event), event);
      return;
    }
    const { width, gutter } = this.#frame();
    const pixels = drag.x - event.clientX;
    if (Math.abs(pixels) < 4 && !drag.isMoved) return;
    drag.isMoved = true;
    const by = (pixels * (drag.view.to - drag.view.from)) / plotWidth({ width, gutter });
    this.#show({ from: drag.view.from + by, to: drag.view.to + by });
  }

  #nodeAt({ offsetX, offsetY }: MouseEvent): number {
    const frame = this.#frame();
    const y = offsetY - AXIS_HEIGHT + frame.scrolled;
    if (offsetX < frame.gutter || offsetY < AXIS_HEIGHT) return -1;
    const box = this.#boxes.find(({ top, height }) => y >= top && y < top + height);
    const bars = this.#model.index.lanes[box?.lane ?? -1]?.bars ?? [];
    const perPixel = (this.#view.to - this.#view.from) / plotWidth(frame);
    const place = this.#view.from + (offsetX - frame.gutter) * perPixel;
    // A pointer is a few pixels wide.
    const node = bars[firstBar(this.#scene, bars, place - perPixel * 2)];
    return node !== undefined && (this.#scene.starts[node] ?? 0) <= place + perPixel * 2 ? node : -1;
  }

  #hover(node: number, at: MouseEvent | null): void {
    if (node !== this.#hovered) {
      this.#hovered = node;
      this.#schedule();
    }
    this.#canvas.style.cursor = node === -1 ? "" : "pointer";
    this.#tip.hidden = node === -1 || at === null;
    if (node === -1 || at === null) return;
    const model = this.#model;
    const took = model.end(node) === -1 ? "running" : durationText(model.end(node) - model.start(node));
    this.#tip.replaceChildren(
      el("strong", "", quoted("", model.label(node))),
      ` ${wordsOf(model.status(node))} ${took}`,
      el("div", "tip-preview", quoted("", model.preview(node))),
    );
    const box = this.element.getBoundingClientRect();
    const left = Math.min(at.clientX - box.left + 14, box.width - this.#tip.offsetWidth - 8);
    this.#tip.style.left = `${Math.max(4, left)}px`;
    this.#tip.style.top = `${at.clientY - box.top + 16}px`;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const width = this.#view.to - this.#view.from;
    const step = width * 0.2;
    const { from, to } = this.#view;
    const act = (run: () => void): void => {
      event.preventDefault();
      run();
    };
    switch (event.key) {
      case "+":
      case "=":
        return act(() => this.#zoom(1 / 1.6));
      case "-":
        return act(() => this.#zoom(1.6));
      case "0":
        return act(() => this.#show({ from: 0, to: this.#scene.scale.total }));
      case "f":
        return act(() => this.#chosen !== -1 && this.#fit(this.#chosen));
      case "Enter":
        return act(() => this.#chosen !== -1 && this.#options.onPick(this.#chosen, true));
      case "ArrowLeft":
        return act(() =>
          event.shiftKey
            ? this.#show({ from: from - step, to: to - step })
            : this.#move(barBeside(this.#scene, this.#chosen, -1)),
        );
      case "ArrowRight":
        return act(() =>
          event.shiftKey
            ? this.#show({ from: from + step, to: to + step })
            : this.#move(barBeside(this.#scene, this.#chosen, 1)),
        );
      case "ArrowUp":
        return act(() => this.#move(barAcross(this.#scene, this.#chosen, -1)));
      case "ArrowDown":
        return act(() => this.#move(barAcross(this.#scene, this.#chosen, 1)));
      default:
    }
  }

  /** To another bar, where there is one. */
  #move(node: number | undefined): void {
    if (node !== undefined) this.#options.onPick(node, false);
  }
}

function legend(): HTMLElement {
  const entries = ["turn", "model", "cell", "call", "wait", "nested", "failed", "stopped", "edge"].map(
    (name) => el("span", "key", el("i", `swatch ${name}`), plain(LEGEND[name] ?? name)),
  );
  return el("span", "legend", ...entries);
}

const LEGEND: { readonly [name: string]: string } = {
  nested: "call of a cell",
  edge: "between agents",
  stopped: "cancelled",
};
