/**
 * How many of the host's own spans a rollout stores, and what became of the others.
 *
 * A host that opens a span for every row it reads must not fill the store. What is left out is counted and recorded: at once
 * when it begins, and in sum when the turn or the rollout ends.
 */
import type { RolloutRecorder, Scope } from "../recorder/rollout-recorder.ts";

export const HOST_SPAN_LIMITS: {
  readonly perCall: number;
  readonly perRollout: number;
  readonly attributes: number;
  readonly attributeLength: number;
  readonly links: number;
} = Object.freeze({
  /** Spans of one tool call or, outside of calls, of one turn: more than a person reads of one call. */
  perCall: 1_000,
  /** Spans of one rollout: some twenty megabytes. */
  perRollout: 20_000,
  /** Attributes of a span or link, as the SDK's own default. */
  attributes: 128,
  /** UTF-16 units of an attribute's text, or of a name. */
  attributeLength: 4_096,
  /** Links of a span, as the SDK's own default. */
  links: 128,
});

export interface HostSpanLimits {
  readonly perCall: number;
  readonly perRollout: number;
}

interface Budget {
  stored: number;
  /** Spans of each call, and of each turn outside of calls, by turn, until it ends. */
  readonly byTurn: Map<string, Map<string | null, number>>;
  dropped: number;
  /** How many of them are recorded as dropped. */
  told: number;
}

const budgets: WeakMap<RolloutRecorder, Budget> = new WeakMap();

/** Whether one more span may be stored. Counts it either way. */
export function admitSpan(
  recorder: RolloutRecorder,
  scope: Scope & { readonly toolCallId: string | null },
  limits: HostSpanLimits,
): boolean {
  let budget = budgets.get(recorder);
  if (budget === undefined) {
    budgets.set(
      recorder,
      (budget = { stored: 0, byTurn: new Map<string, Map<string | null, number>>(), dropped: 0, told: 0 }),
    );
  }
  let calls = budget.byTurn.get(turnKey(scope));
  if (calls === undefined) budget.byTurn.set(turnKey(scope), (calls = new Map<string | null, number>()));
  const ofCall = calls.get(scope.toolCallId) ?? 0;
  if (budget.stored < limits.perRollout && ofCall < limits.perCall) {
    budget.stored += 1;
    calls.set(scope.toolCallId, ofCall + 1);
    return true;
  }
  budget.dropped += 1;
  if (budget.told === 0) tell(recorder, scope, budget);
  return false;
}

/** Records how many spans were left out, if there are more than it was said already. */
export function tellDroppedSpans(recorder: RolloutRecorder, scope: Scope): void {
  const budget = budgets.get(recorder);
  if (budget === undefined) return;
  budget.byTurn.delete(turnKey(scope));
  if (budget.dropped > budget.told) tell(recorder, scope, budget);
}

function turnKey({ threadId, turnId }: Scope): string {
  return JSON.stringify([threadId, turnId]);
}

function tell(recorder: RolloutRecorder, { threadId, turnId }: Scope, budget: Budget): void {
  const { dropped, stored } = budget;
  budget.told = dropped;
  recorder.record({ threadId, turnId }, () => ({
    type: "other",
    kind: "opentelemetry_spans_dropped",
    summary: `${dropped} spans of the host were not stored so far: there were too many of them`,
    payloads: [],
    metadata: { dropped, stored },
  }));
}
