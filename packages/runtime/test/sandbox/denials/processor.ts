/** Scripts that use the processor without end. */
import { advisory, cve, type Denial, issue } from "../technique.ts";

const REDOS = "https://cwe.mitre.org/data/definitions/1333.html";
const RECURSION = "https://cwe.mitre.org/data/definitions/674.html";

/** Ends with the limit of processor time. */
const CPU = /limit of \d+ ms of CPU time/;

export const PROCESSOR_DENIALS: readonly Denial[] = [
  {
    name: "looping",
    tries: "a loop in the script's first turn",
    sources: [issue("patriksimek/vm2", 180)],
    script: "while (true) {}",
    ends: CPU,
  },
  {
    name: "looping in a reaction",
    tries: "the loop runs after the call that had a time limit has returned",
    sources: [issue("nodejs/node", 3020), issue("patriksimek/vm2", 116)],
    script: "Promise.resolve().then(() => { while (true) {} }); await new Promise(() => {});",
    ends: CPU,
  },
  {
    name: "never letting the microtask queue run dry",
    tries: "each reaction makes the next, so that nothing else gets a turn",
    sources: [issue("patriksimek/vm2", 35)],
    script: "const next = () => Promise.resolve().then(next); next(); await new Promise(() => {});",
    ends: CPU,
  },
  {
    name: "a thenable that resolves with itself",
    tries: "resolving it asks for its then again, for ever",
    sources: [advisory("GHSA-248r-7h7q-cr24")],
    script: "const self = { then(resolve) { resolve(self) } }; await self;",
    ends: CPU,
  },
  {
    name: "an endless async generator",
    tries: "for await never ends and never waits",
    sources: [advisory("GHSA-248r-7h7q-cr24")],
    script: "for await (const _ of (async function* () { for (;;) yield 1 })());",
    ends: CPU,
  },
  {
    name: "looping in an asynchronous disposal",
    tries: "callbacks of disposal run where no time limit was thought of",
    sources: [issue("patriksimek/vm2", 581)],
    script:
      "const stack = new AsyncDisposableStack(); stack.defer(() => { for (;;); }); await stack.disposeAsync();",
    ends: CPU,
  },
  {
    name: "looping in a trap that the host springs",
    tries: "getters, toJSON and comparisons run while a helper looks at a value",
    sources: [issue("patriksimek/vm2", 180)],
    script: "text({ get a() { for (;;); } });",
    ends: CPU,
  },
  {
    name: "a comparison that does not end",
    tries: "sorting calls it from inside the engine",
    sources: [issue("sebastienros/jint", 2486)],
    script: "[3, 2, 1].sort(() => { for (;;); });",
    ends: CPU,
  },
  {
    name: "a regular expression that backtracks",
    tries: "exponential matching inside of one call",
    sources: [REDOS],
    script: "/^(a+)+$/.test('a'.repeat(60) + '!');",
    ends: CPU,
  },
  {
    name: "a regular expression that backtracks in replace and split",
    tries: "the same by methods that match again and again",
    sources: [REDOS, issue("bellard/quickjs", 546)],
    script:
      "const long = 'x'.repeat(200_000); for (;;) { long.replace(/(x+x+)+y/g, ''); long.split(/(.*,)*z/); }",
    ends: CPU,
  },
  {
    name: "recursion without a bottom, and its error caught at each level",
    tries: "a finally block that recurses again doubles the work at each of thousands of levels",
    sources: [RECURSION],
    script: "function dig() { try { dig() } finally { dig() } } dig();",
    ends: CPU,
  },
  {
    name: "colliding keys",
    tries: "strings of digits that one bucket of the string table gets, as they once could be chosen",
    sources: [cve("2026-21717"), "https://nodejs.org/en/blog/vulnerability/march-2026-hashdos"],
    script: `const keys = []; let key = 1234 + 2 ** 19;
      for (let n = 1; n < 2 ** 15; n += 1) { keys.push(String(key)); key = (key + n) % 2 ** 19 }
      text(Object.keys(JSON.parse(JSON.stringify(Object.fromEntries(keys.map((name) => [name, 1]))))).length > 1);`,
    ends: null,
  },
  {
    name: "reading the clock without end",
    tries: "each reading is written down for a replay",
    sources: ["https://cwe.mitre.org/data/definitions/770.html"],
    script: "for (;;) Date.now();",
    ends: CPU,
  },
  {
    name: "a timer that sets itself again",
    tries: "lives on in turns that are short",
    sources: [issue("patriksimek/vm2", 57)],
    script:
      "const again = () => { for (let n = 0; n < 1e6; n += 1); setTimeout(again, 0) }; again(); await new Promise(() => {});",
    ends: CPU,
    sparesLoop: true,
  },
  {
    name: "a product of huge integers",
    tries: "one operation takes minutes and looks for no interruption",
    sources: [issue("laverdet/isolated-vm", 202), issue("bellard/quickjs", 546)],
    script: "const huge = (1n << 500_000_000n) - 1n; for (;;) huge * huge;",
    limits: { heapBytes: 1024 * 1024 * 1024 },
    ends: null,
    onlyBehindBoundary: true,
  },
  {
    name: "reading a huge integer",
    tries: "a hundred million digits in one call",
    sources: [issue("laverdet/isolated-vm", 202)],
    script: "BigInt('1'.repeat(1e8));",
    ends: null,
    onlyBehindBoundary: true,
  },
  {
    name: "filling a huge array",
    tries: "a built-in that works on for minutes without looking up",
    sources: [
      issue("laverdet/isolated-vm", 107),
      issue("laverdet/isolated-vm", 198),
      issue("patriksimek/vm2", 459),
    ],
    script: "new Array(4e8).fill(1);",
    ends: null,
    onlyBehindBoundary: true,
  },
  {
    name: "the keys of a huge string",
    tries: "one call that makes half a billion strings",
    sources: [issue("laverdet/isolated-vm", 107)],
    script: "Object.keys('x'.repeat(5e8));",
    ends: null,
    onlyBehindBoundary: true,
  },
];
