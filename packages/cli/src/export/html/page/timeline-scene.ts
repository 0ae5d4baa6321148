/** What the timeline shows: every node's place in time, the lanes' boxes, and how one gets from bar to bar. */
import type { Model } from "./model.ts";
import type { LaneBox } from "./timeline-layout.ts";
import { TimeScale } from "./time-scale.ts";

/** What is in sight, in places of the scale. */
export interface View {
  readonly from: number;
  readonly to: number;
}

export interface Scene {
  readonly model: Model;
  readonly scale: TimeScale;
  readonly boxes: readonly LaneBox[];
  /** Places of each node's start and end. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Marks by node. */
  readonly marks: ReadonlyMap<number, readonly (readonly [number, string, number, string])[]>;
}

/** Groups that are work; an agent and its turn last while everybody waits. */
const WORK: ReadonlySet<string> = new Set(["model", "cells", "calls", "nested"]);

/** `boxes` are the lanes' of the same model. */
export function sceneOf(model: Model, boxes: readonly LaneBox[], isFolding: boolean): Scene {
  const { durationUs } = model.index.rollout;
  const endOf = (node: number): number => (model.end(node) === -1 ? durationUs : model.end(node));
  const work = model.index.lanes
    .filter((lane) => WORK.has(lane.group))
    .flatMap((lane) => lane.bars.map((node) => ({ start: model.start(node), end: endOf(node) })));
  const scale = new TimeScale(work, durationUs, isFolding);
  const starts = new Float64Array(model.size);
  const ends = new Float64Array(model.size);
  for (let node = 0; node < model.size; node += 1) {
    if (model.laneOf[node] === -1) continue;
    starts[node] = scale.placeOf(model.start(node));
    ends[node] = scale.placeOf(endOf(node));
  }
  const marks = Map.groupBy(model.index.marks, (mark) => mark[0]);
  return { model, scale, boxes, starts, ends, marks };
}

/** The first bar that ends behind a place: bars of a lane do not overlap, so they are in order of end too. */
export function firstBar({ ends }: Scene, bars: readonly number[], place: number): number {
  let low = 0;
  for (let high = bars.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((ends[bars[middle] ?? 0] ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The next bar in the lane of a node, or the one before it; of no node, the very first. */
export function barBeside({ model }: Scene, node: number, by: 1 | -1): number | undefined {
  const lane = model.index.lanes[model.laneOf[node] ?? -1];
  if (lane === undefined) return model.index.lanes[0]?.bars[0];
  return lane.bars[lane.bars.indexOf(node) + by];
}

/** The bar in the lane below or above that of a node that is nearest in time; of no node, the very first. */
export function barAcross(scene: Scene, node: number, by: 1 | -1): number | undefined {
  const { model, starts } = scene;
  const lane = model.laneOf[node] ?? -1;
  const bars = model.index.lanes[lane === -1 ? 0 : lane + by]?.bars;
  if (bars === undefined) return undefined;
  const place = lane === -1 ? 0 : (starts[node] ?? 0);
  return bars[Math.min(bars.length - 1, firstBar(scene, bars, place))];
}
