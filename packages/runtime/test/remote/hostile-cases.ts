/** Scripts that no in-process isolate contains, and those that pass a limit. */
import type { CellLimits } from "@rollout-trace/protocol";
import { LIMIT_CASES } from "../limits/limit-cases.ts";

export interface HostileCase {
  readonly name: string;
  readonly source: string;
  readonly limits?: CellLimits | undefined;
  /** What it may be answered; a busy machine may need the time limit where an idle one gets to another. */
  readonly ends: RegExp;
}

const TERMINATED = /^terminated$/;
/** V8 may notice that a heap is full, the watch that the process is, or somebody that the time is over. */
const FULL = /^terminated$|passed the memory limit|resident memory/;

const UNCONTAINED: readonly HostileCase[] = [
  { name: "an endless loop", source: "while (true) {}", ends: TERMINATED },
  {
    name: "a loop that V8 compiles without an interrupt check",
    source: "while (true) { globalThis.z = new Array(1000); }",
    ends: TERMINATED,
  },
  { name: "an await that never settles", source: "await new Promise(() => {});", ends: TERMINATED },
  { name: "an endless built-in that fills memory", source: "new Array(4e8).fill(1);", ends: FULL },
  {
    name: "a list that grows",
    source: "const a = []; for (;;) a.push(new Array(1000).fill(1));",
    ends: FULL,
  },
  {
    name: "a map that grows",
    source: "const m = new Map(); for (let n = 0; ; n += 1) m.set(n, n);",
    ends: FULL,
  },
  { name: "a text of a billion commas", source: "new Array(1e9) + '';", ends: /Invalid string length/ },
  {
    name: "endless calls that are answered",
    source: "for (;;) tools.echo({});",
    ends: /^terminated$|pending tool calls/,
  },
  {
    name: "an endless built-in that takes no memory",
    source: "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
    ends: TERMINATED,
  },
  {
    name: "a loop after the end",
    source: "try { exit(); } catch {} while (true) { globalThis.z = new Array(1000); }",
    ends: /^result$/,
  },
  {
    name: "endless microtasks",
    source: "const next = () => Promise.resolve().then(next); await next();",
    ends: /^terminated$|passed the memory limit/,
  },
  {
    name: "a hopeless regular expression",
    source: "/^(a+)+$/.test('a'.repeat(40) + 'b');",
    ends: TERMINATED,
  },
  {
    name: "sorts of millions",
    source: "for (;;) Array.from({ length: 5e6 }, (_, n) => -n).sort((a, b) => a - b);",
    ends: FULL,
  },
  { name: "products of huge integers", source: "let n = 3n; for (;;) n *= n;", ends: /^terminated$|BigInt/ },
];

export const HOSTILE_CASES: readonly HostileCase[] = [
  ...UNCONTAINED,
  ...LIMIT_CASES.map(({ name, source, limits }) => ({
    name,
    source,
    limits,
    ends: /^exec cell ended: it passed the .*limit|^terminated$/,
  })),
];
