/**
 * Code cells, out of the calls of `exec` and `wait` and what they returned.
 *
 * A log does not tell which cell asked for a nested call. It is the one that ran when the call began; where several ran, the
 * one whose script names what was called, if only one does. Anything else is left open and reported.
 */
import {
  asId,
  type CodeCellWaitEnded,
  type FinalCellStatus,
  type ModelVisibleCallId,
  type PayloadRef,
  type RuntimeCellId,
  type WaitId,
} from "@rollout-trace/protocol";
import { cellOutput } from "./outputs.ts";
import type { Place } from "../log/thread-output.ts";
import type { CodexOutput } from "./thread-output.ts";

export interface Cell {
  readonly callId: string;
  readonly source: string;
  readonly startedUs: number;
  readonly turnId: string | null;
  endedUs: number | null;
  /** Whether it was ended from outside. */
  isCancelled: boolean;
  /** The name by which it can be waited for; known once it has yielded. */
  cellId: string | null;
  /** Whether it is known to have called a tool. */
  hasCalled: boolean;
  /** Whether its call's output shows that no cell was started. */
  dismissed: boolean;
}

export interface WaitCall {
  readonly cell: Cell | null;
  readonly waitId: WaitId;
  /** How it ended, once that is known. */
  outcome: CodeCellWaitEnded["outcome"] | null;
}

/** Cells among which the caller of a tool is looked for. A host runs a few at a time. */
const MAX_RECENT = 64;

/** The line before a script that tells the host how to run it; it is not run. */
const PRAGMA = /^\s*\/\/ @exec:[^\n]*(?:\n|$)/;

/** What `exec` gave back, by the sort of its output. */
const CELL_STATUS: { readonly [type: string]: "yielded" | "terminated" | undefined } = {
  running: "yielded",
  aborted: "terminated",
};

/** What an output was said by: its place, the payload it is, and its text. */
export interface Said extends Place {
  readonly payload: PayloadRef;
  readonly text: string;
}

export class Cells {
  readonly #output: CodexOutput;
  /** Cells that may still have nested calls to tell of. */
  #recent: Cell[] = [];
  readonly #byId = new Map<string, Cell>();

  constructor(output: CodexOutput) {
    this.#output = output;
  }

  start(call: { readonly callId: string; readonly source: string }, at: Place): Cell {
    const { turnId } = this.#output;
    const { callId } = call;
    const source = call.source.replace(PRAGMA, "");
    const cell: Cell = {
      callId,
      source,
      startedUs: at.timeUs,
      turnId,
      endedUs: null,
      isCancelled: false,
      cellId: null,
      hasCalled: false,
      dismissed: false,
    };
    this.#recent.push(cell);
    if (this.#recent.length > MAX_RECENT) this.#recent.shift();
    this.#output.say(at.timeUs, () =>
      cell.dismissed
        ? null
        : {
            type: "code_cell_started",
            runtime_cell_id: runtimeId(cell),
            model_visible_call_id: asId<ModelVisibleCallId>(callId),
            source,
          },
    );
    return cell;
  }

  /** The output of the call that started a cell. */
  respond(cell: Cell, said: Said): void {
    const output = cellOutput(said.text);
    const ranNothing = output.type === "none" || output.type === "missing";
    if (ranNothing && !cell.hasCalled) {
      cell.dismissed = true;
      cell.endedUs = said.timeUs;
      return;
    }
    if (output.type === "running") {
      cell.cellId = output.cellId;
      this.#byId.set(output.cellId, cell);
    }
    const status = CELL_STATUS[output.type] ?? (output.type === "ended" ? output.status : "failed");
    this.#output.say(said.timeUs, () => ({
      type: "code_cell_initial_response",
      runtime_cell_id: runtimeId(cell),
      status,
      response: said.payload,
    }));
    if (status !== "yielded") this.#end(cell, status, said);
  }

  wait(call: { readonly callId: string; readonly cellId: string | null }, at: Place): WaitCall {
    const cell = call.cellId === null ? null : (this.#byId.get(call.cellId) ?? null);
    const waitId = this.#output.idAt<WaitId>(at.line);
    const wait: WaitCall = { cell, waitId, outcome: null };
    if (cell === null) return wait;
    this.#output.say(at.timeUs, () => ({
      type: "code_cell_wait_started",
      wait_id: waitId,
      runtime_cell_id: runtimeId(cell),
      model_visible_call_id: asId<ModelVisibleCallId>(call.callId),
      mode: "yield",
    }));
    return wait;
  }

  /** The output of a wait. */
  answer({ cell, waitId }: WaitCall, said: Said): void {
    if (cell === null) return;
    const output = cellOutput(said.text);
    const outcome =
      output.type === "running"
        ? "yielded"
        : output.type === "ended"
          ? output.status
          : output.type === "missing"
            ? "missing"
            : "abandoned";
    this.#output.say(said.timeUs, () => ({
      type: "code_cell_wait_ended",
      wait_id: waitId,
      outcome,
      response: said.payload,
    }));
    if (output.type === "ended") this.#end(cell, output.status, said);
  }

  /** The cell that a nested call belongs to; `several` when the log does not tell. */
  ownerOf(call: {
    readonly startedUs: number;
    readonly mentions: readonly string[];
  }): Cell | "none" | "several" {
    const ran = this.#recent.filter(
      ({ startedUs, endedUs, dismissed }) =>
        !dismissed && startedUs <= call.startedUs && (endedUs === null || call.startedUs <= endedUs),
    );
    const [only, another] = ran;
    if (another === undefined) return only ?? "none";
    const named = ran.filter(({ source }) => call.mentions.some((text) => source.includes(text)));
    return named.length === 1 && named[0] !== undefined ? named[0] : "several";
  }

  /** Forgets cells that ended in turns before the current one: what they called has been told of. */
  forgetEnded(): void {
    const { turnId } = this.#output;
    this.#recent = this.#recent.filter((cell) => cell.endedUs === null || cell.turnId === turnId);
  }

  #end(cell: Cell, status: FinalCellStatus, said: Said): void {
    if (cell.endedUs !== null) return;
    cell.endedUs = said.timeUs;
    cell.isCancelled = status === "terminated";
    this.#output.say(said.timeUs, () => ({
      type: "code_cell_ended",
      runtime_cell_id: runtimeId(cell),
      status,
      response: said.payload,
    }));
  }
}

/** The cell's own name or, for one that never had to be named, one made of its call. */
export function runtimeId(cell: Cell): RuntimeCellId {
  return asId<RuntimeCellId>(cell.cellId ?? `exec:${cell.callId}`);
}
