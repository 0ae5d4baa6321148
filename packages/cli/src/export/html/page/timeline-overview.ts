/** All of the time at once, above the lanes: where the model and where tools were at work, and what part of it is in sight. */
import { el } from "./dom.ts";
import { contextOf, type Frame, plotWidth } from "./timeline-paint.ts";

export interface OverviewOptions {
  /** What the timeline shows now. */
  frame(): Frame;
  /** Somebody pointed at a place of the scale, to see it. */
  onPoint(place: number): void;
}

const OVERVIEW_HEIGHT = 34;

export class TimelineOverview {
  readonly element: HTMLCanvasElement = el("canvas", "timeline-overview");
  readonly #options: OverviewOptions;

  constructor(options: OverviewOptions) {
    this.#options = options;
    this.element.addEventListener("pointerdown", (event) => this.#point(event));
    this.element.addEventListener("pointermove", (event) => {
      if (event.buttons !== 0) this.#point(event);
    });
  }

  paint(frame: Frame): void {
    const { width, gutter, scene, view, palette } = frame;
    const context = contextOf(this.element, width, OVERVIEW_HEIGHT);
    if (context === null) return;
    context.clearRect(0, 0, width, OVERVIEW_HEIGHT);
    const { total } = scene.scale;
    const toX = (place: number): number => gutter + (place / total) * plotWidth(frame);
    for (const [group, y, colour] of [
      ["model", 6, palette.get("model")],
      ["calls", 15, palette.get("call")],
      ["nested", 24, palette.get("nested")],
    ] as const) {
      context.fillStyle = colour ?? "";
      for (const lane of scene.model.index.lanes) {
        if (lane.group !== group) continue;
        let drawnTo = -1;
        for (const node of lane.bars) {
          const x1 = Math.max(toX(scene.starts[node] ?? 0) + 1, toX(scene.ends[node] ?? 0));
          if (x1 <= drawnTo) continue;
          const x = Math.max(drawnTo, Math.floor(toX(scene.starts[node] ?? 0)));
          context.fillRect(x, y, Math.max(1, Math.ceil(x1) - x), 5);
          drawnTo = Math.ceil(x1);
        }
      }
    }
    const [x0, x1] = [toX(view.from), toX(view.to)];
    context.fillStyle = palette.get("paper") ?? "";
    context.globalAlpha = 0.7;
    context.fillRect(gutter, 0, x0 - gutter, OVERVIEW_HEIGHT);
    context.fillRect(x1, 0, width - x1, OVERVIEW_HEIGHT);
    context.globalAlpha = 1;
    context.strokeStyle = palette.get("accent") ?? "";
    context.lineWidth = 1.5;
    context.strokeRect(x0 + 0.75, 0.75, Math.max(3, x1 - x0 - 1.5), OVERVIEW_HEIGHT - 1.5);
  }

  #point({ offsetX }: PointerEvent): void {
    const frame = this.#options.frame();
    this.#options.onPoint(((offsetX - frame.gutter) / plotWidth(frame)) * frame.scene.scale.total);
  }
}
