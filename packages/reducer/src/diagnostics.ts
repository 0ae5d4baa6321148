/**
 * What a reducer has to say about a recording: inconsistencies, losses, and oddities.
 *
 * The code decides the severity. An `error` contradicts the event contract or means that evidence is missing; strict mode
 * throws at the first one. A `warning` is unusual but allowed (models reuse call ids, newer recorders write newer events) and
 * never ends a reduction.
 */
import { cutToCodePoints } from "./conversation/normal-item.ts";
import type { Anchor } from "./graph/base.ts";

const SEVERITY = {
  /** An event that is not an event, or whose fields do not fit its type. */
  invalid_event: "error",
  /** The source could not read a place in the recording. */
  source_problem: "error",
  /** The first event is not `rollout_started`. */
  missing_rollout_start: "error",
  /** One or more `seq` are missing before this event. */
  sequence_gap: "error",
  /** An event whose `seq` is not above that of the one before it; it is left out. */
  sequence_regressed: "error",
  /** An event of another rollout; it is left out. */
  rollout_mismatch: "error",
  /** An event after `recording_completed`; it is applied. */
  event_after_completion: "error",
  /** Something that is running started again. */
  duplicate_start: "error",
  /** Something that had ended by its own end event ended again; the first end stays. */
  duplicate_end: "error",
  /** An id that nothing in the recording introduces. */
  unknown_reference: "error",
  /** A payload that the store does not have. */
  missing_payload: "error",
  /** A payload that is not JSON or does not have the shape that its event promises. */
  invalid_payload: "error",
  /** Two facts about one call that cannot both be true, such as two process ids. */
  call_id_conflict: "error",
  /** Two ends, kinds or threads of one interaction that cannot both be true. */
  edge_conflict: "error",
  /** An event names a turn that belongs to another thread. */
  turn_thread_mismatch: "error",
  /** An event of a type that this reducer does not know. */
  unknown_event_type: "warning",
  /** The recorder lost events and says how many. */
  recorder_gap: "warning",
  /** A thread used a call id that it had used before. */
  call_id_reused: "warning",
  /** A conversation element of a type that the dialect does not define. */
  unknown_item_type: "warning",
  /** A reasoning element without text, summary or encrypted content. */
  empty_reasoning: "warning",
  /** A system message that is not at the head of its request. */
  misplaced_system_item: "warning",
  /** A model's call or cell that no item of its thread asks for, although the thread has requests. */
  missing_source_item: "warning",
} as const;

export type DiagnosticCode = keyof typeof SEVERITY;
export type DiagnosticSeverity = "error" | "warning";

/** Every code. The list is closed: a new code is a new version of this package. */
export const DIAGNOSTIC_CODES: readonly DiagnosticCode[] = Object.keys(SEVERITY) as DiagnosticCode[];

/** What is quoted in a message may be of any length, and be quoted thousands of times. */
const MESSAGE_CODE_POINTS = 1000;

export function shortMessage(message: string): string {
  return cutToCodePoints(message, MESSAGE_CODE_POINTS);
}

/** An id as a message quotes it, as far as there is room: the event that the message is about may not be the one that has it. */
export function quoted(id: string): string {
  return JSON.stringify(shortMessage(id));
}

/** How bad a code is. */
export function severityOf(code: DiagnosticCode): DiagnosticSeverity {
  return SEVERITY[code];
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: DiagnosticSeverity;
  /**
   * The event that showed it; for what could not be read as an event, the one before it. Null when there was none, or when
   * only the end of the input shows it.
   */
  readonly seq: number | null;
  /** Names the offending id and value. */
  readonly message: string;
  readonly object: Anchor | null;
}
