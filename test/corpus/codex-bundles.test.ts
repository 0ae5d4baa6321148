import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { graphJson, reduceRollout } from "@rollout-trace/reducer";
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

function reduce(name: string) {
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

  it.each(names)("%s reduces to the same bytes twice", (name) => {
    expect(graphJson(reduce(name))).toBe(graphJson(reduce(name)));
  });
});
