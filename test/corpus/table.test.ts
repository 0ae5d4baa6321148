/** Every rollout of the corpus in a line: what it reduces to, what is wrong with it, how long it takes and what it holds. */
import { join, relative } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import { everyRollout, type FoundRollout } from "@rollout-trace/cli";
import { type Diagnostic, reduceRollout } from "@rollout-trace/reducer";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

const FOLDERS = [
  "codex-bundles",
  "codex-rollout",
  "codex-rollout-growth",
  "codex-logs-old",
  "codex-fixture",
  "claude-code",
  "claude-code-fixture",
  "otel",
];

const rollouts =
  CORPUS_MISSING === null
    ? FOLDERS.flatMap((folder) =>
        everyRollout(join(CORPUS, folder), { report: () => undefined }).map(
          (rollout) => [nameOf(folder, rollout), rollout] as const,
        ),
      )
    : [];

function nameOf(folder: string, { path, format }: FoundRollout): string {
  return `${format} ${path.startsWith(CORPUS) ? relative(CORPUS, path) : `${folder} ${path}`}`;
}

/** What is wrong with a rollout's own files, by the end of its name: how many error diagnostics, and why. */
const FAULTS: readonly (readonly [end: string, errors: number, reason: string])[] = [
  [
    "codex-rollout-growth 019ed50c-2fb3-7002-a384-360bea6e7f04",
    2,
    "two shorter copies of the log are left out",
  ],
  ["codex-fixture session_branch", 1, "a bare line of type `error`, which no version of the program writes"],
  ["codex-fixture test-ratelimit-session", 1, "tokens that were used in no turn"],
  [
    "codex-fixture 019fc8be-3658-7ca3-9e29-000000000000",
    4,
    "a gallery of record types: ids that no item has",
  ],
  ["claude-code b00b80af-879f-4265-b95b-48db0938673c", 1, "a line that is cut off in the middle"],
  ["claude-code-fixture truncated", 1, "a last line that was cut off while it was being written"],
];

const faultsOf = (name: string) => FAULTS.find(([end]) => name.endsWith(end))?.[1] ?? 0;

const HEAD = "events\tthreads\tturns\titems\tcalls\tcells\tedges\tms\tpeak MB\tdiagnostics\trollout";
const table: string[] = [];

setFlagsFromString("--expose_gc");
const collect = runInNewContext("gc") as () => void;

const size = (collection: object) => Object.keys(collection).length;

function byCode(diagnostics: readonly Diagnostic[]): string {
  const counts = new Map<string, number>();
  for (const { code } of diagnostics) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => `${code}×${count}`).join(" ");
}

describe.skipIf(CORPUS_MISSING !== null)("the corpus", () => {
  afterAll(() => {
    console.warn([HEAD, ...table].join("\n"));
  });

  it("holds rollouts of every format", () => {
    const formats = new Set(rollouts.map(([, { format }]) => format));
    expect([...formats].toSorted()).toEqual(["claude-code", "codex-bundle", "codex-log", "otlp"]);
  });

  it.each(rollouts)("%s reduces without an error that is not its own fault", (name, rollout) => {
    collect();
    const before = process.memoryUsage().heapUsed;
    let [peak, events] = [before, 0];
    const start = performance.now();
    using source = rollout.open();
    const graph = reduceRollout(source.rollout, {
      onProgress: (progress) => {
        peak = Math.max(peak, process.memoryUsage().heapUsed);
        ({ events } = progress);
      },
    });
    const ms = Math.round(performance.now() - start);
    const { threads, turns, conversation_items, tool_calls, code_cells, interaction_edges: edges } = graph;
    const sizes = [threads, turns, conversation_items, tool_calls, code_cells, edges].map(size);
    const megabytes = ((peak - before) / 1e6).toFixed(1);
    table.push([events, ...sizes, ms, megabytes, byCode(graph.diagnostics), name].join("\t"));
    const errors = graph.diagnostics.filter(({ severity }) => severity === "error");
    expect(errors.map(({ code, message }) => `${code}: ${message}`)).toHaveLength(faultsOf(name));
  });
});
