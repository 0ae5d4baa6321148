/** The scripts that the soak's model writes: what cells do when all is well, and everything that they do wrong. */
import type { CellLimits } from "@rollout-trace/protocol";
import type { SeededRandom } from "../seeded-random.ts";

export interface Scenario {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  readonly source: (random: SeededRandom) => string;
  readonly limits?: CellLimits | undefined;
  /** Milliseconds until `exec` answers. */
  readonly yieldTimeMs?: number | undefined;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** What a host process has to outlive without being replaced. */
export const STEADY_SCENARIOS: readonly Scenario[] = [
  { name: "sum", weight: 10, source: (random) => `text(${random.integer(1, 99)} + 1)` },
  {
    name: "tools in a row",
    weight: 10,
    source: (random) =>
      `for (let n = 0; n < ${random.integer(1, 12)}; n += 1) text(await tools.lookup({ n })); text(load("n") ?? "none")`,
  },
  {
    name: "tools side by side",
    weight: 8,
    source: (random) =>
      `const all = await Promise.all(Array.from({ length: ${random.integer(2, 40)} }, (_, n) => tools.lookup({ n }))); store("n", all.length); text(all.length)`,
  },
  {
    name: "MCP tools",
    weight: 6,
    source: (random) =>
      `const [{ content }] = await Promise.all([tools.everything__echo({ message: "${"m".repeat(random.integer(1, 400))}" }), tools.filesystem__list_directory({ path: "." })]); text(content[0].text)`,
  },
  {
    name: "yields and goes on",
    weight: 8,
    source: (random) =>
      `for (let n = 0; n < ${random.integer(1, 6)}; n += 1) { text(n); yield_control(); await tools.slow({ ms: ${random.integer(1, 80)} }); } text("done")`,
  },
  {
    name: "timers",
    weight: 6,
    source: (random) =>
      `for (let n = 0; n < ${random.integer(1, 5)}; n += 1) { await new Promise((wake) => setTimeout(wake, ${random.integer(1, 60)})); text(n); }`,
    yieldTimeMs: 60,
  },
  {
    name: "never ends",
    weight: 4,
    source: () => `text("so far"); yield_control(); await new Promise(() => {})`,
  },
  {
    name: "never rests",
    weight: 1,
    source: () => `text("busy"); yield_control(); while (true) {}`,
    // Nobody may come to end it, and the others need the processor.
    limits: { cpuMs: 2_000 },
  },
  {
    name: "notifies",
    weight: 4,
    source: () => `notify("half way"); await tools.lookup({}); notify("done"); text("ok")`,
  },
  { name: "throws", weight: 4, source: () => `text("before"); const nothing = null; nothing.field` },
  { name: "does not parse", weight: 1, source: () => `text("before"` },
  {
    name: "exits",
    weight: 2,
    source: () => `text("kept"); await tools.lookup({}); exit(); text("not reached")`,
  },
  { name: "a tool that fails", weight: 3, source: () => `await tools.broken({})` },
  {
    name: "leaves calls behind",
    weight: 3,
    source: () => `tools.slow({ ms: 5_000 }); tools.stubborn({}); text("left")`,
  },
  {
    name: "an image",
    weight: 1,
    source: () => `image("data:image/png;base64,${"iVBORw0KGgo".repeat(200)}")`,
  },
  {
    name: "much output",
    weight: 2,
    source: (random) => `text("x".repeat(${random.integer(10, 200)} * 1024))`,
  },
  {
    name: "floods output",
    weight: 1,
    source: () => `const line = "x".repeat(1000); for (;;) text(line)`,
    limits: { outputBytes: 256 * KIB },
  },
  {
    name: "floods calls",
    weight: 1,
    source: () => `for (;;) tools.stubborn({})`,
    limits: { pendingToolCalls: 200 },
  },
  {
    name: "floods timers",
    weight: 1,
    source: () => `for (;;) setTimeout(() => {}, 60_000)`,
    limits: { timers: 500 },
  },
  {
    name: "burns its time",
    weight: 1,
    source: () => `while (true) {}`,
    limits: { cpuMs: 40 },
  },
];

/** What a host process may be lost over. */
export const ROUGH_SCENARIOS: readonly Scenario[] = [
  ...STEADY_SCENARIOS,
  {
    name: "grows",
    weight: 4,
    source: () => `const all = []; for (;;) all.push({ n: all.length })`,
    limits: { heapBytes: 16 * MIB },
  },
  {
    name: "grows in a way that V8 gives up on",
    weight: 2,
    source: () => `const all = new Map(); for (let n = 0; ; n += 1) all.set(n, n)`,
    limits: { heapBytes: 32 * MIB },
  },
  {
    name: "cannot be stopped",
    weight: 1,
    source: () => `new Array(4e8).fill(1)`,
    limits: { cpuMs: 60 },
  },
];

/** One of them, by weight. */
export function pickScenario(scenarios: readonly Scenario[], random: SeededRandom): Scenario {
  let left = random.next() * scenarios.reduce((sum, { weight }) => sum + weight, 0);
  const found = scenarios.find(({ weight }) => (left -= weight) < 0) ?? scenarios.at(-1);
  if (found === undefined) throw new RangeError("there are no scenarios");
  return found;
}
