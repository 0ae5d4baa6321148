/** The door: decodes an event and decides whether it belongs to this rollout and comes when it should. */
import {
  decodeRawEvent,
  type DecodeError,
  type DecodeResult,
  type RawEvent,
  type RawEventEnvelope,
} from "@rollout-trace/protocol";
import { quoted } from "./diagnostics.ts";
import { messageOf } from "./errors.ts";
import type { Reduction } from "./reduction.ts";

/** The event to apply, or null (and a diagnostic) when there is none. */
export function admit(reduction: Reduction, value: unknown): RawEvent | null {
  const decoded = decode(value);
  const envelope = decoded.ok ? decoded.event : decoded.error.envelope;
  if (envelope === null) {
    if (!decoded.ok) reject(reduction, decoded.error);
    return null;
  }
  if (!isNext(reduction, envelope)) return null;
  checkFirst(reduction, envelope, decoded.ok ? decoded.event.payload.type : decoded.error.eventType);
  if (!decoded.ok) {
    reject(reduction, decoded.error);
    return null;
  }
  return decoded.event;
}

/**
 * Decoding promises not to throw; what is nested deeper than the call stack allows, or is worked out when it is read, can still
 * break that promise.
 */
function decode(value: unknown): DecodeResult {
  try {
    return decodeRawEvent(value);
  } catch (error) {
    const message = `event: ${messageOf(error)}`;
    return {
      ok: false,
      error: { code: "invalid_envelope", message, issues: [], envelope: null, eventType: null },
    };
  }
}

function reject(reduction: Reduction, { code, message }: DecodeError): void {
  reduction.diagnose(code === "unknown_event_type" ? code : "invalid_event", message, null);
}

/** The first event names the rollout, and should be its start. */
function checkFirst(reduction: Reduction, { rollout_id, seq }: RawEventEnvelope, type: string | null): void {
  if (reduction.state.rolloutId !== null) return;
  reduction.state.rolloutId = rollout_id;
  if (type === "rollout_started") return;
  const message = `event ${seq} is ${JSON.stringify(type)}; a recording begins with rollout_started`;
  reduction.diagnose("missing_rollout_start", message, { type: "rollout", id: rollout_id });
}

/** Moves on to an event, with a diagnostic for each way in which it does not follow the one before it. */
function isNext(reduction: Reduction, envelope: RawEventEnvelope): boolean {
  const { state } = reduction;
  const { seq, rollout_id: rolloutId } = envelope;
  reduction.moveTo(envelope);
  if (seq <= state.lastSeq) {
    const message = `event ${seq} comes after event ${state.lastSeq}`;
    reduction.diagnose("sequence_regressed", message, null);
    return false;
  }
  const [first, last] = [state.lastSeq + 1, seq - 1];
  if (first <= last) {
    const missing = first === last ? `event ${first} is` : `events ${first} to ${last} are`;
    reduction.diagnose("sequence_gap", `${missing} missing before event ${seq}`, null);
  }
  state.lastSeq = seq;
  if (state.rolloutId !== null && state.rolloutId !== rolloutId) {
    const message = `event ${seq} is of rollout ${quoted(rolloutId)}, not ${quoted(state.rolloutId)}`;
    reduction.diagnose("rollout_mismatch", message, null);
    return false;
  }
  if (state.completed) {
    const rollout = { type: "rollout", id: rolloutId } as const;
    reduction.diagnose("event_after_completion", `event ${seq} comes after recording_completed`, rollout);
  }
  return true;
}
