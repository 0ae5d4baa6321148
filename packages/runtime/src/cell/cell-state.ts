/**
 * One cell's whole state: a union over its phases, with data only where it is legal.
 *
 *     running ⇄ frozen        the script lives; frozen cells get no deliveries
 *        └──┬──┘
 *        stopping             how it ends is decided; isolate and callbacks are being settled
 *        ├──┴──┐
 *        │   ended            it is over, and nobody has taken the last response yet
 *        closed               the last response was handed out; the id is missing
 */
import type { ContentItem } from "@rollout-trace/protocol";
import type { Delivery } from "../isolate/cell-isolate.ts";

/** A stack of what was appended, the newest on top: appending costs the same however much there is. */
export type Chain<Item> = { readonly item: Item; readonly earlier: Chain<Item> } | null;

export function append<Item>(chain: Chain<Item>, item: Item): Chain<Item> {
  return { item, earlier: chain };
}

/** The items in the order in which they were appended. */
export function toArray<Item>(chain: Chain<Item>): Item[] {
  const items: Item[] = [];
  for (let link = chain; link !== null; link = link.earlier) items.push(link.item);
  return items.reverse();
}

/** Somebody who wants to know when the cell yields, reaches its frontier or ends. `id` is the actor's handle. */
export interface Observer {
  readonly id: number;
  readonly until: Until;
}

export type Until =
  | { readonly type: "yield"; readonly deadlineMs: number }
  | { readonly type: "pending" }
  /** Asked for the end itself; sees nothing earlier. */
  | { readonly type: "end" };

/** How a cell ends. */
export type CellEnd =
  | { readonly type: "completed" }
  | { readonly type: "failed"; readonly errorText: string }
  | { readonly type: "terminated" };

export interface LiveState {
  /** Appended since the last observation. */
  readonly output: Chain<ContentItem>;
  /** Deliveries handed to the isolate so far; it is idle only when it has seen as many. */
  readonly issued: number;
  /** Nested calls that the host has not answered. */
  readonly openCalls: number;
  /** Timers that may still fire, as of the last idle report. */
  readonly timers: number;
}

export interface RunningState extends LiveState {
  readonly phase: "running";
  readonly observer: Observer | null;
  /**
   * `busy`: in a turn, or with deliveries that it has not seen. `idle`: at its frontier. `resumed`: at the frontier at which
   * it was frozen, which is not reported again before something was delivered.
   */
  readonly activity: "busy" | "idle" | "resumed";
}

export interface FrozenState extends LiveState {
  readonly phase: "frozen";
  /** What arrived for the script meanwhile, in order; handed over when an observation resumes it. */
  readonly held: Chain<Delivery>;
}

export interface StoppingState {
  readonly phase: "stopping";
  readonly end: CellEnd;
  readonly output: Chain<ContentItem>;
  /** Who gets the last response. The first gets the output with it. */
  readonly recipients: readonly Observer[];
}

export interface EndedState {
  readonly phase: "ended";
  readonly end: CellEnd;
  readonly output: Chain<ContentItem>;
}

export interface ClosedState {
  readonly phase: "closed";
}

export type CellState = RunningState | FrozenState | StoppingState | EndedState | ClosedState;

/** A cell that was just admitted, with the observer that `exec` is. */
export function initialState(observer: Observer): RunningState {
  return {
    phase: "running",
    output: null,
    issued: 0,
    openCalls: 0,
    timers: 0,
    observer,
    activity: "busy",
  };
}
