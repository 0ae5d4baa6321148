/** Scripts that pass a limit, and the words with which their cell ends. */
import type { CellLimits } from "@rollout-trace/protocol";

export interface LimitCase {
  readonly name: string;
  readonly source: string;
  readonly limits: CellLimits;
  readonly errorText: string;
}

const MIB = 1024 * 1024;
const memory = "exec cell ended: it passed the memory limit of 16777216 bytes (heapBytes)";
const pending = (calls: number): string =>
  `exec cell ended: it passed the limit of ${calls} pending tool calls, or of 67108864 characters of their input (pendingToolCalls)`;

export const LIMIT_CASES: readonly LimitCase[] = [
  {
    name: "memory",
    source: "const all = []; for (;;) all.push({ n: all.length });",
    limits: { heapBytes: 16 * MIB },
    errorText: memory,
  },
  {
    name: "strings",
    source:
      "const all = []; for (;;) all.push(JSON.stringify([all.length]).repeat(1000).split('').join('-'));",
    limits: { heapBytes: 16 * MIB },
    errorText: memory,
  },
  {
    name: "promise recursion",
    source:
      "const spread = () => { Promise.resolve().then(spread); Promise.resolve().then(spread); }; spread(); await new Promise(() => {});",
    limits: { heapBytes: 16 * MIB },
    errorText: memory,
  },
  {
    name: "nested async calls",
    source: "const deeper = async () => { await null; await deeper(); }; await deeper();",
    limits: { heapBytes: 16 * MIB },
    errorText: memory,
  },
  {
    name: "promise loop",
    source: "const next = () => Promise.resolve().then(next); next(); await new Promise(() => {});",
    limits: { cpuMs: 50 },
    errorText: "exec cell ended: it passed the limit of 50 ms of CPU time without a yield (cpuMs)",
  },
  {
    name: "timers",
    source: "for (;;) setTimeout(() => {}, 60_000);",
    limits: {},
    errorText: "exec cell ended: it passed the limit of 4096 timers (timers)",
  },
  {
    name: "pending calls",
    source: "for (;;) tools.hold({});",
    limits: { pendingToolCalls: 2_000 },
    errorText: pending(2_000),
  },
  {
    name: "input of pending calls",
    source: "const payload = 'x'.repeat(8_000_000); for (;;) tools.hold({ payload });",
    limits: {},
    errorText: pending(16_384),
  },
  {
    name: "output",
    source: "const line = 'x'.repeat(1000); for (;;) text(line);",
    limits: { outputBytes: 4 * MIB },
    errorText: "exec cell ended: it passed the output limit of 4194304 bytes (outputBytes)",
  },
  {
    name: "output of empty texts",
    source: "for (;;) text('');",
    limits: { outputBytes: MIB },
    errorText: "exec cell ended: it passed the output limit of 1048576 bytes (outputBytes)",
  },
];
