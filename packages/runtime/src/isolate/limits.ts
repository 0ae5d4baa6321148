/** The bounds of one cell: defaults, ranges, and the words in which a cell is told that it passed one. */
import type { CellLimitName, CellLimits } from "@rollout-trace/protocol";
import { CodeModeError } from "../errors.ts";

export interface ResolvedLimits {
  readonly heapBytes: number;
  readonly outputBytes: number;
  readonly pendingToolCalls: number;
  readonly timers: number;
  /** Null when CPU time is not limited. */
  readonly cpuMs: number | null;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: ResolvedLimits = Object.freeze({
  /** Enough for a few large JSON results, small enough for a hundred live cells on a laptop. */
  heapBytes: 128 * MIB,
  /** Far over any model's context; only a runaway loop gets there. */
  outputBytes: 32 * MIB,
  /** Lets a `Promise.all` over 10 000 items through and stops `for (;;) tools.x()` within milliseconds. */
  pendingToolCalls: 16_384,
  /** One host timer each. */
  timers: 4_096,
  cpuMs: null,
});

/** Inputs of calls in flight are kept by the host, too. */
export const PENDING_INPUT_CHARS: number = 64 * MIB;

/** V8 cannot run the prelude and a useful script in less. */
const MIN_HEAP_BYTES = 8 * MIB;

/** Fills in the defaults. Throws `invalid_request` for a limit out of range, naming it, its value and the range. */
export function resolveLimits(limits: CellLimits | undefined): ResolvedLimits {
  if (limits === undefined) return DEFAULT_LIMITS;
  return {
    heapBytes: limit("heapBytes", limits.heapBytes, MIN_HEAP_BYTES) ?? DEFAULT_LIMITS.heapBytes,
    outputBytes: limit("outputBytes", limits.outputBytes, 1) ?? DEFAULT_LIMITS.outputBytes,
    pendingToolCalls:
      limit("pendingToolCalls", limits.pendingToolCalls, 1) ?? DEFAULT_LIMITS.pendingToolCalls,
    timers: limit("timers", limits.timers, 1) ?? DEFAULT_LIMITS.timers,
    cpuMs: limit("cpuMs", limits.cpuMs, 1) ?? DEFAULT_LIMITS.cpuMs,
  };
}

function limit(name: keyof CellLimits, value: number | undefined, min: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new CodeModeError(
    "invalid_request",
    `limits.${name} is ${value}; it must be an integer of at least ${min}`,
  );
}

/** What the model reads when its cell passed a limit. */
export function limitErrorText(name: CellLimitName, limits: ResolvedLimits): string {
  switch (name) {
    case "memory":
      return `exec cell ended: it passed the memory limit of ${limits.heapBytes} bytes (heapBytes)`;
    case "output":
      return `exec cell ended: it passed the output limit of ${limits.outputBytes} bytes (outputBytes)`;
    case "pending_tool_calls":
      return `exec cell ended: it passed the limit of ${limits.pendingToolCalls} pending tool calls, or of ${PENDING_INPUT_CHARS} characters of their input (pendingToolCalls)`;
    case "timers":
      return `exec cell ended: it passed the limit of ${limits.timers} timers (timers)`;
    case "cpu":
      return `exec cell ended: it passed the limit of ${limits.cpuMs} ms of CPU time without a yield (cpuMs)`;
  }
}
