import type { DiagnosticCode } from "./diagnostics.ts";
import type { Anchor } from "./graph/base.ts";

/**
 * Why a reduction was given up:
 * - a `DiagnosticCode` of severity `error`: strict mode met it
 * - `reducer_finished`: `apply` or `report` after `finish`
 * - `invalid_checkpoint`: a checkpoint that this version of the package did not save
 */
export type ReduceErrorCode = DiagnosticCode | "reducer_finished" | "invalid_checkpoint";

/** The message of what was thrown, which may be anything, and throw again when it is asked. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : "it cannot be read";
  } catch {
    return "it cannot be read";
  }
}

/** The one error class of this package. `seq` is that of the event at fault, or null where there is none. */
export class ReduceError extends Error {
  override readonly name = "ReduceError";
  readonly code: ReduceErrorCode;
  readonly seq: number | null;
  readonly object: Anchor | null;

  constructor(code: ReduceErrorCode, message: string, at: { seq: number | null; object: Anchor | null }) {
    super(message);
    this.code = code;
    this.seq = at.seq;
    this.object = at.object;
  }
}
