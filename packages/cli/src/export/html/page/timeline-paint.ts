/** Draws the timeline. What is too narrow to be told apart is drawn once, so that a frame costs what it shows. */
import { plain } from "./dom.ts";
import { durationText } from "./format.ts";
import { type LaneBox, type Palette, type Tint, tintOf } from "./timeline-layout.ts";
import { firstBar, type Scene, type View } from "./timeline-scene.ts";
import { momentText, stepOf } from "./time-scale.ts";

export interface Frame {
  readonly scene: Scene;
  readonly view: View;
  readonly palette: Palette;
  readonly width: number;
  readonly height: number;
  /** Pixels of the lanes that are above what is in sight. */
  readonly scrolled: number;
  readonly gutter: number;
  readonly chosen: number;
  readonly hovered: number;
}

export const AXIS_HEIGHT = 24;
const FONT = '11px ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace';
/** Pixels below which a bar has no words. */
const WORDS_WIDTH = 34;
/** Pixels of a column of the axis. */
const TICK_WIDTH = 96;
/** Arrows between agents drawn at most; those in sight are drawn first come, first served, none twice at one place. */
const ARROWS = 400;

export function paint(context: CanvasRenderingContext2D, frame: Frame): void {
  const { width, height, gutter } = frame;
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = "middle";
  context.save();
  context.beginPath();
  context.rect(gutter, 0, width - gutter, height);
  context.clip();
  paintAxis(context, frame);
  context.beginPath();
  context.rect(gutter, AXIS_HEIGHT, width - gutter, height - AXIS_HEIGHT);
  context.clip();
  for (const box of frame.scene.boxes) {
    const top = box.top - frame.scrolled + AXIS_HEIGHT;
    if (top + box.height < AXIS_HEIGHT) continue;
    if (top > height) break;
    paintLane(context, frame, box, top);
  }
  paintArrows(context, frame);
  context.restore();
  paintGutter(context, frame);
}

function tint({ palette }: Frame, name: Tint): string {
  return palette.get(name) ?? "";
}

/** A canvas of so many pixels of the page, as fine as the screen is. */
export function contextOf(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Pixels behind the last moment, so that its words and its bars have an edge. */
const RIGHT_EDGE = 12;

/** Pixels that time takes. */
export function plotWidth({ width, gutter }: Pick<Frame, "width" | "gutter">): number {
  return Math.max(1, width - gutter - RIGHT_EDGE);
}

/** The pixel of a place. */
export function xOf(frame: Frame, place: number): number {
  const { view, gutter } = frame;
  return gutter + ((place - view.from) / (view.to - view.from)) * plotWidth(frame);
}

function paintAxis(context: CanvasRenderingContext2D, frame: Frame): void {
  const { scene, view, width, height, gutter } = frame;
  const { scale } = scene;
  const perPixel = (view.to - view.from) / plotWidth(frame);
  const step = stepOf(perPixel * TICK_WIDTH);
  const firstUs = Math.ceil(scale.usAt(view.from) / step) * step;
  const lastUs = scale.usAt(view.to);
  context.fillStyle = tint(frame, "soft");
  context.strokeStyle = tint(frame, "line");
  context.lineWidth = 1;
  for (const fold of scale.folds) {
    const x = xOf(frame, fold.at);
    const w = Math.max(2, (fold.width / (view.to - view.from)) * plotWidth(frame));
    if (x + w < gutter || x > width) continue;
    context.globalAlpha = 0.5;
    context.fillStyle = tint(frame, "line");
    context.fillRect(x, 0, w, height);
    context.globalAlpha = 1;
    context.fillStyle = tint(frame, "soft");
    if (w > 60) context.fillText(`⋯ ${durationText(fold.us)}`, x + 4, AXIS_HEIGHT / 2);
  }
  let free = Number.NEGATIVE_INFINITY;
  let us = firstUs;
  while (us <= lastUs) {
    const x = Math.round(xOf(frame, scale.placeOf(us))) + 0.5;
    if (x >= free) {
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, height);
      context.stroke();
      context.fillText(momentText(us, step), x + 4, AXIS_HEIGHT / 2);
      free = x + TICK_WIDTH * 0.7;
    }
    // Within a fold the steps would be on top of each other: go on behind it.
    us = Math.max(us + step, Math.ceil(scale.usAt(scale.placeOf(us) + perPixel) / step) * step);
  }
}

function paintLane(context: CanvasRenderingContext2D, frame: Frame, box: LaneBox, top: number): void {
  const { scene, view } = frame;
  const lane = scene.model.index.lanes[box.lane];
  if (lane === undefined) return;
  const inset = box.height > 8 ? 1.5 : 0.5;
  const y = top + inset;
  const h = box.height - inset * 2;
  let drawnTo = Number.NEGATIVE_INFINITY;
  for (let index = firstBar(scene, lane.bars, view.from); index < lane.bars.length; index += 1) {
    const node = lane.bars[index] ?? 0;
    const start = scene.starts[node] ?? 0;
    if (start > view.to) break;
    const isSpecial = node === frame.chosen || node === frame.hovered;
    const x = xOf(frame, start);
    const x1 = Math.max(x + 1.5, xOf(frame, scene.ends[node] ?? 0));
    if (x1 <= drawnTo && !isSpecial) continue;
    drawnTo = Math.max(drawnTo, x1, Math.ceil(x));
    paintBar(context, frame, { node, group: lane.group, x, y, w: x1 - x, h });
  }
}

interface BarBox {
  readonly node: number;
  readonly group: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function paintBar(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { node, group, x, y, w, h }: BarBox,
): void {
  const { scene, gutter, width } = frame;
  const { model } = scene;
  const left = Math.max(x, gutter - 4);
  const right = Math.min(x + w, width + 4);
  const colour = tint(frame, tintOf(model, node, group));
  context.fillStyle = colour;
  context.globalAlpha = group === "agent" ? 0.16 : 1;
  if (w > 5) {
    context.beginPath();
    context.roundRect(left, y, right - left, h, Math.min(3, h / 2));
    context.fill();
  } else context.fillRect(left, y, right - left, h);
  context.globalAlpha = 1;
  if (model.end(node) === -1 && group !== "agent" && right <= width) {
    context.fillStyle = tint(frame, "paper");
    for (let at = right - 9; at < right && at > left; at += 3) context.fillRect(at, y, 1, h);
  }
  if (node === frame.chosen || node === frame.hovered) {
    context.strokeStyle = tint(frame, node === frame.chosen ? "accent" : "ink");
    context.lineWidth = node === frame.chosen ? 2 : 1;
    context.strokeRect(left - 0.5, y - 0.5, Math.max(2, right - left) + 1, h + 1);
  }
  paintMarks(context, frame, { node, group, x, y, w, h });
  if (w < WORDS_WIDTH || h < 10 || group === "agent") return;
  const room = Math.min(right, width) - Math.max(left, gutter) - 8;
  if (room < 18) return;
  context.fillStyle = group === "turns" ? tint(frame, "ink") : tint(frame, "on-bar");
  context.fillText(
    fitted(`${model.label(node)}  ${model.preview(node)}`, room),
    Math.max(left, gutter) + 4,
    y + h / 2 + 0.5,
  );
}

function paintMarks(context: CanvasRenderingContext2D, frame: Frame, { node, y, h }: BarBox): void {
  for (const [, kind, us] of frame.scene.marks.get(node) ?? []) {
    const x = xOf(frame, frame.scene.scale.placeOf(us));
    if (x < frame.gutter || x > frame.width) continue;
    if (kind === "cancel") {
      context.strokeStyle = tint(frame, "failed");
      context.lineWidth = 2;
      context.beginPath();
      for (const [dx, dy] of [
        [-4, -4],
        [-4, 4],
      ] as const) {
        context.moveTo(x + dx, y + h / 2 + dy);
        context.lineTo(x - dx, y + h / 2 - dy);
      }
      context.stroke();
      continue;
    }
    context.fillStyle = tint(frame, kind === "yield" ? "paper" : "edge");
    context.beginPath();
    if (kind === "yield") {
      context.moveTo(x - 4, y);
      context.lineTo(x + 4, y);
      context.lineTo(x, y + Math.min(7, h));
    } else context.arc(x, y + h / 2, 3, 0, Math.PI * 2);
    context.fill();
  }
}

/** A character of the font is 6.6 pixels wide; what is wider is cut by the edge of the bar. */
function fitted(text: string, room: number): string {
  const characters = Math.floor(room / 6.6);
  const cut = text.trim().slice(0, characters);
  return plain(cut.length < text.trim().length ? `${cut.slice(0, -1)}…` : cut);
}

function paintArrows(context: CanvasRenderingContext2D, frame: Frame): void {
  const { scene, chosen, width, gutter } = frame;
  const { model } = scene;
  const boxes = new Map(scene.boxes.map((box) => [box.lane, box]));
  const middle = (node: number): number | null => {
    const box = boxes.get(model.laneOf[node] ?? -1);
    return box === undefined ? null : box.top - frame.scrolled + AXIS_HEIGHT + box.height / 2;
  };
  const drawn = new Set<string>();
  for (const [kind, from, to, , edge] of model.index.arrows) {
    const isChosen = from === chosen || to === chosen || (edge !== -1 && edge === chosen);
    if (kind === "cause" && !isChosen) continue;
    const [y0, y1] = [middle(from), middle(to)];
    if (y0 === null || y1 === null) continue;
    const x1 = xOf(frame, scene.starts[to] ?? 0);
    // An arrow leaves where the sender was when the receiver began, or where the sender ended before that.
    const x0 = Math.min(x1, xOf(frame, scene.ends[from] ?? 0));
    if (x1 < gutter || x0 > width) continue;
    const place = `${Math.round(x0)} ${Math.round(x1)} ${y0} ${y1}`;
    if (!isChosen && (drawn.size >= ARROWS || drawn.has(place))) continue;
    drawn.add(place);
    paintArrow(context, { x0, y0, x1, y1 }, tint(frame, isChosen ? "accent" : "edge"), isChosen ? 2 : 1.25);
  }
}

interface Line {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

function paintArrow(
  context: CanvasRenderingContext2D,
  { x0, y0, x1, y1 }: Line,
  colour: string,
  width: number,
): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = width;
  const bend = Math.max(14, Math.min(60, Math.abs(x1 - x0) / 2));
  context.beginPath();
  context.moveTo(x0, y0);
  context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1 - 4, y1);
  context.stroke();
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x1 - 6, y1 - 3.5);
  context.lineTo(x1 - 6, y1 + 3.5);
  context.fill();
}

function paintGutter(context: CanvasRenderingContext2D, frame: Frame): void {
  const { scene, gutter, height, scrolled } = frame;
  context.save();
  context.beginPath();
  context.rect(0, AXIS_HEIGHT, gutter, height);
  context.clip();
  for (const { title, top, height: laneHeight, isAgent, depth } of scene.boxes) {
    if (title === "") continue;
    const y = top - scrolled + AXIS_HEIGHT + Math.max(laneHeight, 12) / 2 + 0.5;
    if (y < AXIS_HEIGHT - 20 || y > height + 20) continue;
    context.font = isAgent ? `600 ${FONT}` : FONT;
    context.fillStyle = tint(frame, isAgent ? "ink" : "soft");
    const indent = 10 + Math.min(depth, 6) * 8 + (isAgent ? 0 : 8);
    const words = isAgent && title.length * 6.8 > gutter - indent ? endOf(title, gutter - indent) : title;
    context.fillText(plain(words), indent, y);
  }
  context.restore();
  context.strokeStyle = tint(frame, "line");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(gutter - 0.5, 0);
  context.lineTo(gutter - 0.5, height);
  context.moveTo(0, AXIS_HEIGHT - 0.5);
  context.lineTo(frame.width, AXIS_HEIGHT - 0.5);
  context.stroke();
}

/** The end of a path tells agents apart. */
function endOf(path: string, room: number): string {
  const characters = Math.max(3, Math.floor(room / 6.8) - 1);
  return `…${path.slice(-characters)}`;
}
