/** Scripts that no in-process isolate contains, and those that pass a limit. */
import type { CellLimits } from "@rollout-trace/protocol";
import { LIMIT_CASES } from "../limits/limit-cases.ts";

export interface HostileCase {
  readonly name: string;
  readonly source: string;
  readonly limits?: CellLimits | undefined;
}

const UNCONTAINED: readonly HostileCase[] = [
  { name: "endless loop", source: "while (true) {}" },
  { name: "loop with no interrupt check", source: "while (true) { globalThis.z = new Array(1000); }" },
  { name: "await that never settles", source: "await new Promise(() => {});" },
  { name: "endless built-in that fills memory", source: "new Array(4e8).fill(1);" },
  { name: "list that grows", source: "const a = []; for (;;) a.push(new Array(1000).fill(1));" },
  { name: "map that grows", source: "const m = new Map(); for (let n = 0; ; n += 1) m.set(n, n);" },
  { name: "text of a billion commas", source: "new Array(1e9) + '';" },
  { name: "endless calls", source: "for (;;) tools.echo({});" },
  {
    name: "endless built-in that takes no memory",
    source: "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
  },
  {
    name: "loop after the end",
    source: "try { exit(); } catch {} while (true) { globalThis.z = new Array(1000); }",
  },
  { name: "endless microtasks", source: "const next = () => Promise.resolve().then(next); await next();" },
  { name: "hopeless regular expression", source: "/^(a+)+$/.test('a'.repeat(40) + 'b');" },
  {
    name: "sort of millions",
    source: "for (;;) Array.from({ length: 5e6 }, (_, n) => -n).sort((a, b) => a - b);",
  },
  { name: "product of huge integers", source: "let n = 3n; for (;;) n *= n;" },
];

export const HOSTILE_CASES: readonly HostileCase[] = [...UNCONTAINED, ...LIMIT_CASES];
