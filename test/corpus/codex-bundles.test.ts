import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exportCodexBundle, openSource } from "@rollout-trace/cli";
import { graphJson, reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

const BUNDLES = join(CORPUS, "codex-bundles");
const names = CORPUS_MISSING === null ? readdirSync(BUNDLES) : [];

interface Expected {
  readonly event_types: Readonly<Record<string, number>>;
  readonly original_reducer?: Readonly<Record<string, number>> | null;
}

/** What the original reducer counted or, where it gave up, what the events themselves count. */
function expectedCounts({ event_types: types, original_reducer: original }: Expected): object {
  const of = (type: string) => types[type] ?? 0;
  return {
    threads: original?.["threads"] ?? of("thread_started"),
    turns: original?.["turns"] ?? of("codex_turn_started"),
    tool_calls: original?.["tool_calls"] ?? of("tool_call_started"),
    code_cells: original?.["code_cells"] ?? of("code_cell_started"),
    inference_calls: original?.["inference_calls"] ?? of("inference_started"),
  };
}

/** The canonical text, and the kinds of the payloads without their sizes. */
function withoutSizes(graph: RolloutGraph): object {
  const kinds = Object.entries(graph.payloads).map(([id, { kind }]) => [id, kind] as const);
  return { text: graphJson({ ...graph, payloads: {} }), kinds };
}

const reduced = new Map<string, RolloutGraph>();

/** Reduced once: what a graph is does not depend on the test that looks at it. */
function reduce(name: string): RolloutGraph {
  let graph = reduced.get(name);
  if (graph === undefined) {
    graph = reduceAnew(name);
    reduced.set(name, graph);
  }
  return graph;
}

function reduceAnew(name: string): RolloutGraph {
  using source = openSource(join(BUNDLES, name));
  return reduceRollout(source.rollout);
}

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

describe.skipIf(CORPUS_MISSING !== null)("a recorded Codex bundle", () => {
  it("is there", () => {
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(names)("%s reduces to the threads, turns, calls and cells that it holds", (name) => {
    const expected = JSON.parse(
      readFileSync(join(BUNDLES, name, "expected-counts.json"), "utf8"),
    ) as Expected;
    const graph = reduce(name);
    const counts = Object.fromEntries(
      Object.keys(expectedCounts(expected)).map((key) => [
        key,
        Object.keys(graph[key as keyof typeof graph] ?? {}).length,
      ]),
    );
    expect(counts).toEqual(expectedCounts(expected));
  });

  it.each(names)("%s has nothing in it that contradicts the event contract", (name) => {
    expect(reduce(name).diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
  });

  it.each(names)(
    "%s, exported and read again, is the same graph but for the sizes of payload files",
    (name) => {
      const folder = mkdtempSync(join(tmpdir(), "corpus-export-"));
      try {
        using source = openSource(join(BUNDLES, name));
        const { losses } = exportCodexBundle(source.rollout, join(folder, name));
        using again = openSource(join(folder, name));
        expect(losses).toEqual([]);
        expect(withoutSizes(reduceRollout(again.rollout))).toEqual(withoutSizes(reduce(name)));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  it.each(names)("%s reduces to the same bytes twice", (name) => {
    expect(graphJson(reduceAnew(name))).toBe(graphJson(reduce(name)));
  });
});
