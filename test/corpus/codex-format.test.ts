import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codexState, openSource } from "@rollout-trace/cli";
import { reduceRollout } from "@rollout-trace/reducer";
import { DELIBERATE, SAME_ITEMS } from "./bundle-differential-exceptions.ts";
import type { OriginalState } from "./bundle-differential-original.ts";
import { comparableOriginal } from "./bundle-differential-of-state.ts";
import { differences } from "./bundle-differential-shape.ts";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

const BUNDLES = join(CORPUS, "codex-bundles");
const names =
  CORPUS_MISSING === null
    ? readdirSync(BUNDLES).filter((name) => existsSync(join(BUNDLES, name, "state.json")))
    : [];

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

const original = (name: string) =>
  JSON.parse(readFileSync(join(BUNDLES, name, "state.json"), "utf8")) as OriginalState;

function ours(name: string): OriginalState {
  using source = openSource(join(BUNDLES, name));
  return codexState(reduceRollout(source.rollout)) as unknown as OriginalState;
}

/** Only version 2 says these, and that is the version that is written. */
const SINCE_VERSION_2 = /\.(?:provider_id|accepted)$/;

describe.skipIf(CORPUS_MISSING !== null)("the graph in the shape of the original's state", () => {
  it.each(names)("of %s is what the original wrote, but for what is listed with its reason", (name) => {
    const state = original(name);
    const found = differences(
      comparableOriginal(state, SAME_ITEMS[name]),
      comparableOriginal(ours(name)),
    ).filter(({ path }) => state.schema_version === 2 || !SINCE_VERSION_2.test(path));
    const listed = (DELIBERATE[name] ?? []).flatMap((entry) => entry.fields);
    const isAt = (path: string, field: string) => path === field || path.startsWith(`${field}.`);
    expect(found.filter(({ path }) => !listed.some((field) => isAt(path, field)))).toEqual([]);
    expect(listed.filter((field) => !found.some(({ path }) => isAt(path, field)))).toEqual([]);
  });

  it("has the fields of version 2, each of the same type, and no others", () => {
    const version2 = names.filter((name) => original(name).schema_version === 2);
    const [expected, got] = [new Set<string>(), new Set<string>()];
    for (const name of version2) {
      shapeOf(original(name), "", expected);
      shapeOf(ours(name), "", got);
    }
    const shape = (paths: ReadonlySet<string>) =>
      [...paths].filter((path) => !MAY_DIFFER.test(path)).toSorted();
    expect(shape(got)).toEqual(shape(expected));
  });

  it.each(names)("of %s has the objects of the original under the same names, in the same order", (name) => {
    const [state, written] = [original(name), ours(name)] as unknown as readonly Record<string, object>[];
    expect(Object.keys(written ?? {}).toSorted()).toEqual(
      [...new Set([...Object.keys(state ?? {}), "recording_complete"])].toSorted(),
    );
    for (const key of SAME_NAMES) {
      expect(Object.keys(written?.[key] ?? {})).toEqual(Object.keys(state?.[key] ?? {}));
    }
  });
});

/** Collections whose objects have names of the recording; items, cells and terminals are numbered in each reducer's own order. */
const SAME_NAMES = [
  "threads",
  "codex_turns",
  "inference_calls",
  "tool_calls",
  "compactions",
  "compaction_requests",
  "interaction_edges",
  "raw_payloads",
];

/**
 * Whether something is null is compared with the values. For listed reasons sessions end and items name the edge that brought
 * them; how long a write was to be waited for, the graph does not keep.
 */
const MAY_DIFFER =
  /: null$|^\.terminal_sessions\.\*\.execution\.ended_|\.produced_by\[\]\.edge_id: |\.yield_time_ms: /;

/** Paths of everything in a value, with the types of leaves; keys of collections count as one. */
function shapeOf(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const element of value) shapeOf(element, `${path}[]`, found);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, below] of Object.entries(value)) {
      shapeOf(
        below,
        path.split(".").length === 2 && !path.includes("[") ? `${path}.*` : `${path}.${key}`,
        found,
      );
    }
  } else found.add(`${path}: ${value === null ? "null" : typeof value}`);
}
