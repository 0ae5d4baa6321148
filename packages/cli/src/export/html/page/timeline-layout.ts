/** Where the lanes of the timeline are, and which colour each bar has. */
import type { Model } from "./model.ts";

export interface LaneBox {
  readonly lane: number;
  readonly top: number;
  readonly height: number;
  /** Words in front of the lane: the agent's path, the group's name, or none. */
  readonly title: string;
  readonly isAgent: boolean;
  readonly depth: number;
}

const AGENT_HEIGHT = 22;
const LANE_HEIGHT = 16;
/** Pixels for all lanes of one group, as long as each has a few. */
const GROUP_HEIGHT = 128;
const LEAST_HEIGHT = 4;
const AGENT_GAP = 8;

const GROUP_TITLES: { readonly [group: string]: string } = {
  turns: "turns",
  model: "model",
  cells: "cells",
  calls: "calls",
  nested: "nested calls",
  spans: "spans",
};

export function laneBoxes(model: Model): readonly LaneBox[] {
  const { lanes, agents } = model.index;
  const sizes = Map.groupBy(lanes, ({ agent, group }) => `${agent} ${group}`);
  const boxes: LaneBox[] = [];
  let top = 2;
  let before = "";
  lanes.forEach(({ agent, group }, lane) => {
    const isAgent = group === "agent";
    const key = `${agent} ${group}`;
    const isFirst = key !== before;
    if (isAgent && isFirst && boxes.length > 0) top += AGENT_GAP;
    const height = isAgent
      ? AGENT_HEIGHT
      : Math.max(LEAST_HEIGHT, Math.min(LANE_HEIGHT, GROUP_HEIGHT / (sizes.get(key)?.length ?? 1)));
    const title = isAgent ? (agents[agent]?.path ?? "") : (GROUP_TITLES[group] ?? group);
    boxes.push({ lane, top, height, title: isFirst ? title : "", isAgent, depth: agents[agent]?.depth ?? 0 });
    top += height;
    before = key;
  });
  return boxes;
}

export function layoutHeight(boxes: readonly LaneBox[]): number {
  const last = boxes.at(-1);
  return last === undefined ? 0 : last.top + last.height + 6;
}

/** Names of the custom properties that hold colours. */
export const TINTS = [
  "agent",
  "turn",
  "model",
  "cell",
  "call",
  "wait",
  "nested",
  "span",
  "failed",
  "stopped",
  "edge",
  "ink",
  "soft",
  "line",
  "paper",
  "accent",
  "on-bar",
] as const;
export type Tint = (typeof TINTS)[number];
export type Palette = ReadonlyMap<Tint, string>;

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return new Map(TINTS.map((tint) => [tint, style.getPropertyValue(`--${tint}`).trim()]));
}

const STOPPED: ReadonlySet<string> = new Set(["cancelled", "aborted", "terminated"]);

/** What went wrong is seen before what it was. */
export function tintOf(model: Model, node: number, group: string): Tint {
  const status = model.status(node);
  if (status === "failed" && group !== "agent") return "failed";
  if (STOPPED.has(status) && group !== "agent") return "stopped";
  switch (group) {
    case "agent":
    case "model":
    case "nested":
      return group;
    case "turns":
      return "turn";
    case "cells":
      return "cell";
    case "spans":
      return "span";
    default:
      return model.label(node).startsWith("wait ") ? "wait" : "call";
  }
}
