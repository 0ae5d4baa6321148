/** What a timeline is made of. */
import type { ExecutionStatus } from "@rollout-trace/protocol";
import type { ExecutionEndCause } from "@rollout-trace/reducer";
import type { ObjectType } from "../../objects/graph-objects.ts";

/** In the order in which an agent's groups are shown. */
export const GROUPS = ["agent", "turns", "model", "cells", "calls", "nested", "spans"] as const;
export type GroupName = (typeof GROUPS)[number];

export interface Bar {
  readonly type: ObjectType;
  readonly id: string;
  readonly threadId: string;
  readonly group: GroupName;
  readonly label: string;
  readonly startUs: number;
  /** Not before the start; for what is still running, the last moment of the recording. */
  readonly endUs: number;
  readonly startSeq: number;
  readonly status: ExecutionStatus;
  /** How the end is known; null while it is running. */
  readonly endCause: ExecutionEndCause | null;
}

/** Something that happened at one moment during a bar. */
export interface Mark {
  readonly kind: "yield" | "cancel" | "notify";
  readonly atUs: number;
  readonly label: string;
}

/** From one bar to another: why the second was, or what went from one agent to another. */
export interface Arrow {
  readonly kind: "cause" | "edge";
  /** The interaction edge, or null for a cause. */
  readonly edgeId: string | null;
  readonly label: string;
  readonly from: Bar;
  readonly to: Bar;
}
