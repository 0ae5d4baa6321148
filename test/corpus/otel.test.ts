import { readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { checkGraph, graphDigest, reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

const FOLDER = join(CORPUS, "otel");

const files =
  CORPUS_MISSING === null
    ? readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
        .filter((name) => /\.jsonl?$/.test(name))
        .map((name) => relative(CORPUS, join(FOLDER, name)))
        .toSorted()
    : [];

/** Files without spans: summaries, requests whose bodies were left out, logs of another kind. */
const NO_SPANS = /capture-results|otel-requests|manual_traces/;

const traces = files.filter((file) => !NO_SPANS.test(file));

function reduce(file: string): RolloutGraph {
  using source = openSource(join(CORPUS, file), { rollout: "latest" });
  expect(source.format).toBe("otlp");
  return reduceRollout(source.rollout);
}

/** Agents, requests, tool calls and tokens of the latest rollout of a file, by its name. */
const SHAPES: Readonly<Record<string, readonly [number, number, number, number]>> = {
  "nested-subagent.json": [2, 2, 2, 0],
  "sample-1_VSGitHubCopilot_traces.jsonl": [1, 0, 3, 0],
  "sample-4_VSGitHubCopilot_traces.jsonl": [1, 0, 3, 0],
  "ai-sdk-v6.span-tree.json": [1, 6, 4, 692],
  "ai-streamText.json": [1, 1, 0, 127],
  "openinference_client_span_tool_calls.json": [1, 1, 0, 149],
  "otel_genai_client_span_tool_calls.json": [1, 1, 0, 149],
  "otel_genai_tool_execution_span.json": [1, 0, 1, 0],
  "traces.json": [3, 3, 0, 0],
};

describe.skipIf(CORPUS_MISSING !== null)(`traces of agents (${CORPUS_MISSING ?? "real files"})`, () => {
  it.each(traces)("%s reduces to a sound graph, the same each time", (file) => {
    const graph = reduce(file);
    expect(checkGraph(graph)).toEqual([]);
    expect(graphDigest(reduce(file))).toBe(graphDigest(graph));
    expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("hold what somebody counted in them", () => {
    const shapes = traces
      .filter((file) => Object.hasOwn(SHAPES, basename(file)))
      .map((file) => {
        const { threads, inference_calls, tool_calls, usage } = reduce(file);
        const counts = [threads, inference_calls, tool_calls].map(
          (collection) => Object.keys(collection).length,
        );
        return [basename(file), [...counts, usage.total.total_tokens]];
      });
    expect(Object.fromEntries(shapes)).toEqual(SHAPES);
  });

  it.each(files.filter((file) => NO_SPANS.test(file)))("%s has no spans, and is refused", (file) => {
    expect(() => openSource(join(CORPUS, file))).toThrow(/no session log/);
  });
});
