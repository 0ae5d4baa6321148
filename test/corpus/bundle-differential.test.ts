import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { DELIBERATE, SAME_ITEMS } from "./bundle-differential-exceptions.ts";
import type { OriginalState } from "./bundle-differential-original.ts";
import { comparableGraph } from "./bundle-differential-of-graph.ts";
import { comparableOriginal } from "./bundle-differential-of-state.ts";
import { differences } from "./bundle-differential-shape.ts";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

const BUNDLES = join(CORPUS, "codex-bundles");
const names = CORPUS_MISSING === null ? readdirSync(BUNDLES) : [];
const reduced = names.filter((name) => existsSync(join(BUNDLES, name, "state.json")));

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

function reduce(name: string): RolloutGraph {
  using source = openSource(join(BUNDLES, name));
  return reduceRollout(source.rollout);
}

function json<Value>(...path: readonly string[]): Value {
  return JSON.parse(readFileSync(join(BUNDLES, ...path), "utf8")) as Value;
}

describe.skipIf(CORPUS_MISSING !== null)("our graph and the original reducer's state", () => {
  it("are compared for a bundle of each version and kind", () => {
    expect(reduced.length).toBeGreaterThanOrEqual(18);
  });

  it.each(reduced)("of %s are equal, field by field, but for what is listed with its reason", (name) => {
    const state = json<OriginalState>(name, "state.json");
    const found = differences(
      comparableOriginal(state, SAME_ITEMS[name]),
      comparableGraph(reduce(name), state.schema_version),
    );
    const listed = (DELIBERATE[name] ?? []).flatMap((entry) => entry.fields);
    const isAt = (path: string, field: string) => path === field || path.startsWith(`${field}.`);
    expect(found.filter(({ path }) => !listed.some((field) => isAt(path, field)))).toEqual([]);
    expect(listed.filter((field) => !found.some(({ path }) => isAt(path, field)))).toEqual([]);
  });

  it.each(Object.entries(SAME_ITEMS))(
    "of %s part only items that are the same for the provider",
    (name, same) => {
      const { conversation_items: items } = json<OriginalState>(name, "state.json");
      for (const [copy, first] of Object.entries(same)) {
        expect(items[copy]?.responses_item_id).toBe(items[first]?.responses_item_id);
        expect(items[copy]?.body).toEqual(items[first]?.body);
      }
    },
  );
});

interface Event {
  readonly thread_id: string;
  readonly payload: {
    readonly type: string;
    readonly inference_call_id: string;
    readonly model: string;
    readonly response_id: string | null;
    readonly response_payload: { readonly path: string };
  };
}

/** Tokens by model, thread and in all, summed over the response payloads, each response once. */
function recordedTokens(name: string): object {
  const lines = readFileSync(join(BUNDLES, name, "trace.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean);
  const models = new Map<string, string>();
  const seen = new Set<string>();
  const sums: Record<string, number> = {};
  for (const { payload, thread_id } of lines.map((line) => JSON.parse(line) as Event)) {
    if (payload.type === "inference_started") models.set(payload.inference_call_id, payload.model);
    if (payload.type !== "inference_completed") continue;
    const id = payload.response_id ?? payload.inference_call_id;
    if (seen.has(id)) continue;
    seen.add(id);
    const { token_usage: usage } = json<{ token_usage: Record<string, number> | null }>(
      name,
      payload.response_payload.path,
    );
    for (const scope of ["total", models.get(payload.inference_call_id) ?? "", thread_id]) {
      for (const key of TOKENS)
        sums[`${scope} ${key}`] = (sums[`${scope} ${key}`] ?? 0) + (usage?.[key] ?? 0);
    }
  }
  return sums;
}

const TOKENS = [
  "input_tokens",
  "cached_input_tokens",
  "output_tokens",
  "reasoning_output_tokens",
  "total_tokens",
] as const;

function graphTokens({ usage }: RolloutGraph): object {
  const scopes = [
    ["total", usage.total] as const,
    ...Object.entries(usage.by_model),
    ...Object.entries(usage.by_thread),
  ];
  return Object.fromEntries(
    scopes.flatMap(([scope, tokens]) => TOKENS.map((key) => [`${scope} ${key}`, tokens[key]])),
  );
}

describe.skipIf(CORPUS_MISSING !== null)("the tokens of a recorded bundle", () => {
  it.each(names)("%s are those of its responses, by model, by thread and in all", (name) => {
    const graph = reduce(name);
    expect(graphTokens(graph)).toEqual(recordedTokens(name));
    expect(graph.usage.total.input_tokens).toBeGreaterThan(0);
  });
});
