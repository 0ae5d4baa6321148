/**
 * One cell's open calls to its host: nested tool calls and notifications. Each nested call that was started is reported as
 * ended exactly once, before `settle` resolves.
 */
import type {
  CellNotification,
  ExecutionStatus,
  NestedCallResult,
  ToolEndCause,
  ToolKind,
} from "@rollout-trace/protocol";
import { messageOf } from "../errors.ts";
import type { DeliveredResult } from "../isolate/cell-isolate.ts";
import { Cancellation } from "./cancellation.ts";
import type { StopHow } from "./cell-effect.ts";
import type { AskedCall, CallbackGraces, CellHost } from "./cell-host.ts";
import type { ObserverPort } from "./observer-port.ts";

export type Answered = (callId: string, result: DeliveredResult) => void;

export class Callbacks {
  readonly #cellId: string;
  readonly #host: CellHost;
  readonly #observer: ObserverPort;
  readonly #answered: Answered;
  /** In the order of asking. */
  readonly #calls = new Map<string, Cancellation>();
  readonly #notifications = new Set<Cancellation>();
  /** Null while the cell lives; afterwards how calls that are still open end. */
  #cancelled: ToolEndCause | null = null;
  /** Called whenever a call or notification was answered, while `settle` waits for that. */
  #changed: () => void = () => {};

  constructor(cellId: string, host: CellHost, observer: ObserverPort, answered: Answered) {
    this.#cellId = cellId;
    this.#host = host;
    this.#observer = observer;
    this.#answered = answered;
  }

  get openCallIds(): string[] {
    return [...this.#calls.keys()];
  }

  get quiet(): boolean {
    return this.#calls.size === 0 && this.#notifications.size === 0;
  }

  /** `recordAs` is by default `other`, with the tool's name. */
  invoke(call: AskedCall, recordAs: ToolKind | undefined): void {
    const { runtimeToolCallId, toolName } = call.head;
    const cancellation = new Cancellation();
    this.#calls.set(runtimeToolCallId, cancellation);
    if (this.#observer.watched) {
      const kind = recordAs ?? { type: "other", name: toolName.name };
      this.#observer.emit({ type: "nested_call_started", call: call.whole, recordAs: kind });
    }
    void this.#invoke(call, cancellation);
  }

  notify(notification: CellNotification): void {
    const cancellation = new Cancellation();
    this.#notifications.add(cancellation);
    const { cellId, callId, text } = notification;
    this.#observer.emit({ type: "notification", cellId, callId, text });
    void this.#notify(notification, cancellation);
  }

  /** The cell is over. Resolves when every callback was answered or was given up. */
  async settle(how: StopHow, graces: CallbackGraces): Promise<void> {
    this.#cancelled = endCauseOf(how);
    for (const cancellation of this.#calls.values()) cancellation.cancel(cancelReason());
    if (how.type === "settled") {
      await this.#until(() => this.#notifications.size === 0, graces.notifyDrainMs);
    }
    for (const cancellation of this.#notifications) cancellation.cancel(cancelReason());
    await this.#until(() => this.quiet, graces.abortGraceMs);
    for (const callId of this.#calls.keys()) this.#ended(callId, "cancelled", this.#cancelled, null);
    this.#calls.clear();
    this.#notifications.clear();
  }

  async #invoke(call: AskedCall, cancellation: Cancellation): Promise<void> {
    const callId = call.head.runtimeToolCallId;
    let answer: { readonly result: DeliveredResult; readonly value: NestedCallResult };
    try {
      const value = await this.#observer.runNestedCall(call, () => this.#host.invokeTool(call, cancellation));
      // Not every host keeps to the types: what JSON has no words for is nothing.
      const json = (JSON.stringify(value) as string | undefined) ?? "null";
      const told = json === "null" ? null : value;
      answer = { result: { ok: true, json }, value: { type: "value", value: told } };
    } catch (error) {
      const text = messageOf(error);
      answer = { result: { ok: false, error: text }, value: { type: "error", error: text } };
    }
    // Given up meanwhile: its end was reported then.
    if (!this.#calls.delete(callId)) return;
    if (this.#cancelled !== null) {
      this.#ended(callId, "cancelled", this.#cancelled, null);
    } else {
      if (answer.result.ok) this.#ended(callId, "completed", "returned", answer.value);
      else this.#ended(callId, "failed", "error", answer.value);
      this.#answered(callId, answer.result);
    }
    this.#changed();
  }

  async #notify(notification: CellNotification, cancellation: Cancellation): Promise<void> {
    try {
      await this.#host.notify(notification, cancellation);
    } catch {
      // A notification that the host could not deliver is the host's loss; the script was never told of one that arrived.
    }
    this.#notifications.delete(cancellation);
    this.#changed();
  }

  #ended(
    runtimeToolCallId: string,
    status: ExecutionStatus,
    endCause: ToolEndCause,
    result: NestedCallResult | null,
  ): void {
    if (!this.#observer.watched) return;
    const cellId = this.#cellId;
    this.#observer.emit({ type: "nested_call_ended", cellId, runtimeToolCallId, status, endCause, result });
  }

  async #until(condition: () => boolean, ms: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#changed = () => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#changed = () => {};
  }
}

function endCauseOf(how: StopHow): ToolEndCause {
  if (how.type === "settled") return "cell_ended";
  return how.cause === "turn_interrupted" ? "turn_interrupted" : "cell_cancelled";
}

function cancelReason(): DOMException {
  return new DOMException("the cell that asked for this is over", "AbortError");
}
