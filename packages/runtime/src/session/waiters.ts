/**
 * Those who wait for an answer of a cell, each a promise for the caller and an event for whoever watches: what `exec` first
 * returns, a `wait`, a `terminate`.
 */
import type {
  CellStatus,
  CodeModeErrorCode,
  PendingOutcome,
  RuntimeResponse,
  WaitMode,
} from "@rollout-trace/protocol";
import { endResponse, type Waiter } from "../cell/cell-actor.ts";
import type { ObservedOutcome } from "../cell/cell-effect.ts";
import type { ObserverPort } from "../cell/observer-port.ts";
import { CodeModeError } from "../errors.ts";

/** An answer as the caller's method turns it into its own result. */
export interface Answer {
  readonly type: "yielded" | "pending" | "ended" | "missing";
  readonly response: RuntimeResponse;
  readonly pendingToolCallIds: readonly string[];
}

export interface PromisedWaiter {
  readonly waiter: Waiter;
  readonly answer: Promise<Answer>;
}

export function initialWaiter(cellId: string, observer: ObserverPort): PromisedWaiter {
  if (!observer.watched) return promised(cellId, () => {});
  return promised(cellId, (outcome, response) => {
    const status = outcomeName(outcome);
    if (status === "missing") return;
    observer.emit({ type: "cell_initial_response", cellId, status, response });
  });
}

export interface WaitRecord {
  readonly waitId: string;
  readonly cellId: string;
  readonly toolCallId: string | null;
  readonly mode: WaitMode;
}

/** Reports the start at once, and the end when there is one. */
export function waitWaiter(wait: WaitRecord, observer: ObserverPort): PromisedWaiter {
  const { waitId, cellId } = wait;
  observer.emit({ type: "wait_started", ...wait });
  return promised(
    cellId,
    (outcome, response) => {
      observer.emit({ type: "wait_ended", waitId, cellId, outcome: outcomeName(outcome), response });
    },
    (outcome) => {
      observer.emit({ type: "wait_ended", waitId, cellId, outcome, response: null });
    },
  );
}

/** A termination is reported as a request to cancel, by the cell itself. */
export function terminateWaiter(cellId: string): PromisedWaiter {
  return promised(cellId, () => {});
}

function promised(
  cellId: string,
  answered: (outcome: ObservedOutcome, response: RuntimeResponse) => void,
  unanswered: (outcome: "busy" | "abandoned") => void = () => {},
): PromisedWaiter {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  // Whether anybody reads the answer is the caller's business.
  promise.catch(() => {});
  const waiter: Waiter = {
    answer(outcome, pendingToolCallIds) {
      const response = responseOf(cellId, outcome);
      answered(outcome, response);
      resolve({ type: outcome.type, response, pendingToolCallIds });
    },
    refuse(code) {
      unanswered("busy");
      reject(refusal(cellId, code));
    },
    abandon() {
      unanswered("abandoned");
      reject(new DOMException(`stopped waiting for exec cell ${cellId}`, "AbortError"));
    },
  };
  return { waiter, answer: promise };
}

function refusal(cellId: string, code: CodeModeErrorCode): CodeModeError {
  const why = code === "busy_observer" ? "already has an observer" : "is already being terminated";
  return new CodeModeError(code, `exec cell ${cellId} ${why}`);
}

function outcomeName(outcome: ObservedOutcome): Exclude<CellStatus, "starting" | "running"> | "missing" {
  return outcome.type === "ended" ? outcome.end.type : outcome.type;
}

function responseOf(cellId: string, outcome: ObservedOutcome): RuntimeResponse {
  switch (outcome.type) {
    case "yielded":
    case "pending":
      return { type: "yielded", cellId, contentItems: outcome.items };
    case "ended":
      return endResponse(cellId, outcome.end, outcome.items);
    case "missing":
      return missingResponse(cellId);
  }
}

export function missingResponse(cellId: string): RuntimeResponse {
  return { type: "result", cellId, contentItems: [], errorText: `exec cell ${cellId} not found` };
}

export function pendingOutcome({ type, response, pendingToolCallIds }: Answer): PendingOutcome {
  if (type !== "pending") return { type: "completed", response };
  const { cellId, contentItems } = response;
  return { type: "pending", cellId, contentItems, pendingToolCallIds };
}
