/**
 * How a cell reacts: `state × message → state × effects`, pure, for every message in every phase. The only place where an
 * outcome is decided. The first of settling, a limit and a termination to get here wins, and what comes later finds the
 * cell stopping.
 */
import type { CancelCause, CellLimitName } from "@rollout-trace/protocol";
import type { Delivery } from "../isolate/cell-isolate.ts";
import type { CellEffect } from "./cell-effect.ts";
import type { CellMessage, DataMessage } from "./cell-message.ts";
import {
  append,
  type CellEnd,
  type CellState,
  type ClosedState,
  type EndedState,
  type FrozenState,
  type Observer,
  type RunningState,
  type StoppingState,
  toArray,
} from "./cell-state.ts";

export interface Transition {
  readonly state: CellState;
  readonly effects: readonly CellEffect[];
}

/** Words for the limits, given to the machine so that it knows no numbers. */
export type LimitText = (limit: CellLimitName) => string;

const CLOSED: ClosedState = { phase: "closed" };

export function transition(state: CellState, message: CellMessage, limitText: LimitText): Transition {
  switch (state.phase) {
    case "running":
      return whileRunning(state, message, limitText);
    case "frozen":
      return whileFrozen(state, message, limitText);
    case "stopping":
      return whileStopping(state, message);
    case "ended":
      return onceEnded(state, message);
    case "closed":
      return onceClosed(message);
  }
}

function stay(state: CellState): Transition {
  return { state, effects: [] };
}

function whileRunning(state: RunningState, message: CellMessage, limitText: LimitText): Transition {
  switch (message.type) {
    case "observe":
      return state.observer === null
        ? attach(state, message.observer, [])
        : { state, effects: [{ type: "refuse", id: message.observer.id, code: "busy_observer" }] };
    case "unobserve":
      if (state.observer?.id !== message.id) return stay(state);
      return {
        state: { ...state, observer: null },
        effects: [{ type: "disarm_deadline" }, { type: "abandon", id: message.id }],
      };
    case "deadline_passed":
      return state.observer?.id === message.id ? yieldTo(state, state.observer) : stay(state);
    case "yield_requested":
      return state.observer?.until.type === "yield" ? yieldTo(state, state.observer) : stay(state);
    case "idle":
      if (message.delivered !== state.issued) return stay(state);
      return atFrontier({ ...state, activity: "idle", timers: message.timers });
    case "tool_answered":
    case "timer_due": {
      const open = message.type === "tool_answered" ? state.openCalls - 1 : state.openCalls;
      return {
        state: { ...state, activity: "busy", issued: state.issued + 1, openCalls: open },
        effects: [{ type: "deliver", delivery: deliveryOf(message) }],
      };
    }
    default:
      return whileLive(state, message, limitText);
  }
}

function whileFrozen(state: FrozenState, message: CellMessage, limitText: LimitText): Transition {
  switch (message.type) {
    case "observe":
      return resume(state, message.observer);
    case "tool_answered":
      return stay({
        ...state,
        openCalls: state.openCalls - 1,
        held: append(state.held, deliveryOf(message)),
      });
    case "timer_due":
      return stay({ ...state, held: append(state.held, deliveryOf(message)) });
    case "idle":
    case "yield_requested":
    case "unobserve":
    case "deadline_passed":
      return stay(state);
    default:
      return whileLive(state, message, limitText);
  }
}

/** What a script does and what ends it, frozen or not. */
function whileLive(
  state: RunningState | FrozenState,
  message: Exclude<
    CellMessage,
    {
      type:
        | "observe"
        | "unobserve"
        | "deadline_passed"
        | "yield_requested"
        | "idle"
        | "tool_answered"
        | "timer_due";
    }
  >,
  limitText: LimitText,
): Transition {
  switch (message.type) {
    case "output":
      return stay({ ...state, output: append(state.output, message.item) });
    case "notified":
      return { state, effects: [{ type: "notify", text: message.text }] };
    case "tool_called": {
      const { callId, toolIndex, inputJson } = message;
      return {
        state: { ...state, openCalls: state.openCalls + 1 },
        effects: [{ type: "invoke", call: { callId, toolIndex, inputJson } }],
      };
    }
    case "settled":
      return {
        state: stopping(state, message.outcome, null),
        effects: [
          { type: "commit", writes: message.writes },
          { type: "stop", how: { type: "settled" } },
        ],
      };
    case "limit_passed":
    case "limit_exceeded": {
      const { limit } = message;
      const end: CellEnd = { type: "failed", errorText: limitText(limit) };
      return cancel(stopping(state, end, null), "limit", null, limit);
    }
    case "terminate": {
      const next = stopping(state, { type: "terminated" }, message.requester);
      return cancel(next, message.cause, message.toolCallId, null);
    }
    case "stopped":
      return stay(state);
  }
}

function cancel(
  state: StoppingState,
  cause: CancelCause,
  toolCallId: string | null,
  limit: CellLimitName | null,
): Transition {
  return {
    state,
    effects: [
      { type: "report_cancel", cause, toolCallId, limit },
      { type: "stop", how: { type: "cancelled", cause } },
    ],
  };
}

function stopping(
  state: RunningState | FrozenState,
  end: CellEnd,
  requester: Observer | null,
): StoppingState {
  const observer = state.phase === "running" ? state.observer : null;
  const recipients = [observer, requester].filter((recipient) => recipient !== null);
  return { phase: "stopping", end, output: state.output, recipients };
}

function whileStopping(state: StoppingState, message: CellMessage): Transition {
  switch (message.type) {
    case "observe":
      if (state.recipients.some(({ until }) => until.type !== "end")) {
        return { state, effects: [{ type: "refuse", id: message.observer.id, code: "busy_observer" }] };
      }
      return stay({ ...state, recipients: [...state.recipients, message.observer] });
    case "terminate": {
      const { requester } = message;
      if (state.end.type === "terminated") {
        return { state, effects: [{ type: "refuse", id: requester.id, code: "already_terminating" }] };
      }
      return {
        state: { ...state, recipients: [...state.recipients, requester] },
        effects: lateCancel(message),
      };
    }
    case "unobserve": {
      const recipients = state.recipients.filter(({ id }) => id !== message.id);
      if (recipients.length === state.recipients.length) return stay(state);
      return { state: { ...state, recipients }, effects: [{ type: "abandon", id: message.id }] };
    }
    case "stopped":
      return finish(state);
    case "deadline_passed":
    case "limit_exceeded":
    case "limit_passed":
    case "output":
    case "tool_called":
    case "notified":
    case "yield_requested":
    case "timer_due":
    case "idle":
    case "settled":
    case "tool_answered":
      return stay(state);
  }
}

function finish({ end, output, recipients }: StoppingState): Transition {
  const items = toArray(output);
  const effects: CellEffect[] = [{ type: "report_end", end, items }];
  recipients.forEach(({ id }, index) => {
    effects.push({ type: "respond", id, outcome: { type: "ended", end, items: index === 0 ? items : [] } });
  });
  if (recipients.length === 0) return { state: { phase: "ended", end, output }, effects };
  effects.push({ type: "close" });
  return { state: CLOSED, effects };
}

function onceEnded(state: EndedState, message: CellMessage): Transition {
  const claimant = claimantOf(message);
  if (claimant === null) return stay(state);
  const outcome = { type: "ended", end: state.end, items: toArray(state.output) } as const;
  return {
    state: CLOSED,
    effects: [
      ...(message.type === "terminate" ? lateCancel(message) : []),
      { type: "respond", id: claimant.id, outcome },
      { type: "close" },
    ],
  };
}

function onceClosed(message: CellMessage): Transition {
  const claimant = claimantOf(message);
  if (claimant === null) return stay(CLOSED);
  return { state: CLOSED, effects: [{ type: "respond", id: claimant.id, outcome: { type: "missing" } }] };
}

/** Who asks for the last response. */
function claimantOf(message: CellMessage): Observer | null {
  if (message.type === "observe") return message.observer;
  return message.type === "terminate" ? message.requester : null;
}

/** A model's call that found nothing left to cancel is still a fact about that call. */
function lateCancel({ cause, toolCallId }: Extract<CellMessage, { type: "terminate" }>): CellEffect[] {
  return toolCallId === null ? [] : [{ type: "report_cancel", cause, toolCallId, limit: null }];
}

function yieldTo(state: RunningState, observer: Observer): Transition {
  return {
    state: { ...state, observer: null, output: null },
    effects: [
      { type: "disarm_deadline" },
      { type: "respond", id: observer.id, outcome: { type: "yielded", items: toArray(state.output) } },
    ],
  };
}

/** Freezes the cell if that is what its observer waits for. */
function atFrontier(state: RunningState, effects: readonly CellEffect[] = []): Transition {
  const { observer, output, issued, openCalls, timers } = state;
  if (observer?.until.type !== "pending" || state.activity !== "idle") return { state, effects };
  return {
    state: { phase: "frozen", output: null, issued, openCalls, timers, held: null },
    effects: [
      ...effects,
      { type: "respond", id: observer.id, outcome: { type: "pending", items: toArray(output) } },
    ],
  };
}

function attach(state: RunningState, observer: Observer, effects: readonly CellEffect[]): Transition {
  const { id, until } = observer;
  const armed: CellEffect[] =
    until.type === "yield" ? [{ type: "arm_deadline", id, ms: until.deadlineMs }] : [];
  return atFrontier({ ...state, observer }, [...effects, ...armed]);
}

function resume(state: FrozenState, observer: Observer): Transition {
  const { output, openCalls, timers } = state;
  const held = toArray(state.held);
  const effects = held.map((delivery): CellEffect => ({ type: "deliver", delivery }));
  const mayProgress = openCalls > 0 || timers > 0;
  const activity = held.length > 0 ? "busy" : mayProgress ? "resumed" : "idle";
  const issued = state.issued + held.length;
  return attach(
    { phase: "running", output, issued, openCalls, timers, activity, observer: null },
    observer,
    effects,
  );
}

function deliveryOf(message: Extract<DataMessage, { type: "tool_answered" | "timer_due" }>): Delivery {
  if (message.type === "timer_due") return { type: "timer", timerId: message.timerId };
  return { type: "tool_result", callId: message.callId, result: message.result };
}
