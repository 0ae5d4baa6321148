/**
 * One cell's shell: the only writer of its state. Feeds messages to the transition, one at a time, and carries out the effects;
 * decides nothing itself.
 */
import type { CancelCause, CodeModeErrorCode, RuntimeResponse } from "@rollout-trace/protocol";
import type { Chores } from "../isolate/chores.ts";
import { CellIsolate, type IsolateEvent, type Lost } from "../isolate/cell-isolate.ts";
import type { IsolateBox } from "../isolate/isolate-box.ts";
import { limitErrorText, type ResolvedLimits } from "../isolate/limits.ts";
import type { Toolset } from "../isolate/toolset.ts";
import { Callbacks } from "./callbacks.ts";
import type { CellEffect, ObservedOutcome, StopHow } from "./cell-effect.ts";
import { AskedCall, type CallbackGraces, type CellHost } from "./cell-host.ts";
import type { CalledTool, CellMessage, ControlMessage, DataMessage } from "./cell-message.ts";
import { type CellEnd, type CellState, initialState, type Until } from "./cell-state.ts";
import { transition } from "./cell-transition.ts";
import { CpuWatch } from "./cpu-watch.ts";
import { Mailbox } from "./mailbox.ts";
import type { ObserverPort } from "./observer-port.ts";

/** Who waits for an answer of the cell; exactly one method is called, once, from inside the cell's loop. */
export interface Waiter {
  /** `pendingToolCallIds` are the open calls of a pending outcome, in the order of asking. */
  answer(outcome: ObservedOutcome, pendingToolCallIds: readonly string[]): void;
  refuse(code: CodeModeErrorCode): void;
  abandon(): void;
}

type Settled = Extract<IsolateEvent, { type: "settled" }>;

export interface CellSetup {
  readonly cellId: string;
  /** The exec call's model-visible id. */
  readonly toolCallId: string;
  readonly toolset: Toolset;
  readonly limits: ResolvedLimits;
  readonly graces: CallbackGraces;
  readonly box: IsolateBox;
  readonly chores: Chores;
}

export class CellActor {
  readonly #setup: CellSetup;
  readonly #host: CellHost;
  readonly #observer: ObserverPort;
  readonly #isolate: CellIsolate;
  /** Null until the script calls its host. */
  #callbacks: Callbacks | null = null;
  /** Null when CPU time is not limited. */
  readonly #cpu: CpuWatch | null;
  readonly #mailbox = new Mailbox<ControlMessage, DataMessage>((message) => {
    this.#handle(message);
  });
  /** Filled when somebody begins to wait, emptied by the effect that answers. */
  readonly #waiters = new Map<number, Waiter>();
  #nextWaiter = INITIAL_OBSERVER;
  #deadline: NodeJS.Timeout | undefined;
  /** Whose deadline gets a timer later; null when nobody's. */
  #deadlineOf: number | null = null;
  readonly #until: Until;
  #state: CellState;

  constructor(setup: CellSetup, host: CellHost, observer: ObserverPort, until: Until, waiter: Waiter) {
    this.#setup = setup;
    this.#host = host;
    this.#observer = observer;
    this.#isolate = new CellIsolate(setup.box, (event) => {
      const stored = event.type === "settled" && event.writes.size > 0;
      this.#mailbox.data(stored ? this.#checked(event) : event);
    });
    const { cpuMs } = setup.limits;
    this.#cpu =
      cpuMs === null
        ? null
        : new CpuWatch(cpuMs, this.#isolate, () => {
            this.#mailbox.control({ type: "limit_exceeded", limit: "cpu" });
          });
    this.#until = until;
    this.#state = initialState({ id: this.#register(waiter), until });
  }

  /** Once, in the turn of the loop in which the box began to run the script. */
  follow(firstTurn: Promise<unknown>): void {
    this.#isolate.follow(firstTurn);
    this.#cpu?.start();
    if (this.#until.type === "yield") this.#armDeadline(INITIAL_OBSERVER, this.#until.deadlineMs);
  }

  /** Returns a function by which the observer goes away again. */
  observe(until: Until, waiter: Waiter): () => void {
    const id = this.#register(waiter);
    this.#mailbox.control({ type: "observe", observer: { id, until } });
    return () => {
      this.#mailbox.control({ type: "unobserve", id });
    };
  }

  terminate(cause: CancelCause, toolCallId: string | null, waiter: Waiter): void {
    const requester = { id: this.#register(waiter), until: END };
    this.#mailbox.control({ type: "terminate", requester, cause, toolCallId });
  }

  /** A script that stored too much fails, and stores nothing. */
  #checked(settled: Settled): Settled {
    const refusal = this.#host.refusal(settled.writes);
    if (refusal === null) return settled;
    const { outcome } = settled;
    const errorText = outcome.type === "failed" ? `${outcome.errorText}\n${refusal}` : refusal;
    return { type: "settled", outcome: { type: "failed", errorText }, writes: new Map() };
  }

  #register(waiter: Waiter): number {
    const id = this.#nextWaiter;
    this.#nextWaiter += 1;
    this.#waiters.set(id, waiter);
    return id;
  }

  #handle(message: CellMessage): void {
    const { limits } = this.#setup;
    const { state, effects } = transition(this.#state, message, (limit) => limitErrorText(limit, limits));
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: CellEffect): void {
    const { cellId, toolCallId } = this.#setup;
    switch (effect.type) {
      case "deliver":
        this.#isolate.deliver(effect.delivery);
        return;
      case "invoke":
        this.#invoke(effect.call);
        return;
      case "notify":
        this.#calls().notify({ callId: toolCallId, cellId, text: effect.text });
        return;
      case "arm_deadline":
        this.#armDeadline(effect.id, effect.ms);
        return;
      case "disarm_deadline":
        this.#disarmDeadline();
        return;
      case "respond":
        this.#cpu?.observed();
        this.#take(effect.id)?.answer(
          effect.outcome,
          effect.outcome.type === "pending" ? (this.#callbacks?.openCallIds ?? []) : [],
        );
        return;
      case "refuse":
        this.#take(effect.id)?.refuse(effect.code);
        return;
      case "abandon":
        this.#take(effect.id)?.abandon();
        return;
      case "report_cancel": {
        const { cause, toolCallId: byCall, limit } = effect;
        this.#observer.emit({ type: "cancel_requested", cellId, toolCallId: byCall, cause, limit });
        return;
      }
      case "commit":
        if (effect.writes.size > 0) this.#host.commit(effect.writes);
        return;
      case "stop":
        this.#stop(effect.how);
        return;
      case "report_end": {
        if (!this.#observer.watched) return;
        const response = endResponse(cellId, effect.end, effect.items);
        const journal = this.#isolate.journal();
        this.#observer.emit({ type: "cell_ended", cellId, status: effect.end.type, response, journal });
        return;
      }
      case "close":
        this.#host.closed(cellId);
        return;
    }
  }

  #invoke({ callId, toolIndex, inputJson }: CalledTool): void {
    const named = this.#setup.toolset.tools[toolIndex];
    if (named === undefined) return;
    const { toolName, kind, recordAs } = named.tool;
    const head = { cellId: this.#setup.cellId, runtimeToolCallId: callId, toolName, kind };
    this.#calls().invoke(new AskedCall(head, inputJson), recordAs);
  }

  #calls(): Callbacks {
    return (this.#callbacks ??= new Callbacks(
      this.#setup.cellId,
      this.#host,
      this.#observer,
      (callId, result) => {
        this.#mailbox.data({ type: "tool_answered", callId, result });
      },
    ));
  }

  #stop(how: StopHow): void {
    const { cellId, graces } = this.#setup;
    const lost = (how: Lost): void => this.#host.isolateLost(cellId, how);
    const stopped = (): void => {
      this.#mailbox.data({ type: "stopped" });
    };
    this.#cpu?.[Symbol.dispose]();
    this.#disarmDeadline();
    const calls = this.#callbacks;
    if (how.type === "cancelled") {
      const ends = [this.#isolate.stop(lost)];
      if (calls !== null) ends.push(calls.settle(how, graces));
      void Promise.all(ends).then(stopped);
      return;
    }
    // The response is not out yet.
    this.#setup.chores.add(() => {
      this.#isolate.retire(lost);
    });
    if (calls === null || calls.quiet) stopped();
    else void calls.settle(how, graces).then(stopped);
  }

  #take(id: number): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    return waiter;
  }

  #armDeadline(id: number, ms: number): void {
    this.#disarmDeadline();
    const setTimer = (): void => {
      this.#deadline = setTimeout(() => {
        this.#mailbox.control({ type: "deadline_passed", id });
      }, ms);
    };
    if (ms < LONG_DEADLINE_MS) {
      setTimer();
      return;
    }
    this.#deadlineOf = id;
    this.#setup.chores.add(() => {
      if (this.#deadlineOf === id) setTimer();
    });
  }

  #disarmDeadline(): void {
    this.#deadlineOf = null;
    if (this.#deadline !== undefined) clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}

/** From here on a deadline gets its timer a few milliseconds late: most scripts are over by then. */
const LONG_DEADLINE_MS = 1_000;

/** What the first to register gets. */
const INITIAL_OBSERVER = 0;

const END: Until = { type: "end" };

/** A cell's last response. */
export function endResponse(
  cellId: string,
  end: CellEnd,
  contentItems: RuntimeResponse["contentItems"],
): RuntimeResponse {
  switch (end.type) {
    case "completed":
      return { type: "result", cellId, contentItems };
    case "failed":
      return { type: "result", cellId, contentItems, errorText: end.errorText };
    case "terminated":
      return { type: "terminated", cellId, contentItems };
  }
}
