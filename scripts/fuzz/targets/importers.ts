/** Files of other programs: whatever is in them, opening them works or says why not, and what was opened reduces. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { openSource } from "@rollout-trace/cli";
import type { JsonValue, RolloutSource } from "@rollout-trace/protocol";
import { checkGraph, reduceRollout } from "@rollout-trace/reducer";
import fc from "fast-check";
import { smallBundle } from "../../../packages/cli/test/commands/small-bundle.ts";
import { LOG_FORMATS } from "../../../packages/cli/src/sources/formats.ts";
import { LOG_FORMAT_NAMES, type LogFormatName } from "../../../packages/cli/src/sources/source-format.ts";
import { jsonText, mutated, textEdits, withTextEdits } from "../mutation.ts";
import { type FuzzTarget, fuzzTarget, hold } from "../target.ts";
import { LOG_SEEDS } from "./log-seeds.ts";
import { scratchFolder } from "./scratch.ts";

type Edits = readonly (readonly [number, number, string])[];

/** The files of a bundle as JSON: `trace.jsonl` as its lines. */
const BUNDLE = ((): Readonly<Record<string, JsonValue>> => {
  using folder = scratchFolder();
  const bundle = smallBundle(folder.path);
  const files = readdirSync(bundle, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry): [string, JsonValue] => {
      const path = join(entry.parentPath, entry.name);
      const text = readFileSync(path, "utf8");
      const lines = text.trimEnd().split("\n");
      const isLog = entry.name.endsWith(".jsonl");
      return [
        relative(bundle, path),
        (isLog ? lines.map((line) => JSON.parse(line)) : JSON.parse(text)) as JsonValue,
      ];
    }),
  );
})();

const bundle = fuzzTarget({
  name: "codex-bundle",
  inputs: fc.tuple(mutated([BUNDLE]), textEdits) as fc.Arbitrary<[JsonValue, [number, number, string][]]>,
  check: ([files, edits]) => {
    using folder = scratchFolder();
    for (const [name, content] of Object.entries(isObject(files) ? files : {})) {
      // Its own names only: where a bundle points to is what is tested, not where this writes to.
      if (!Object.hasOwn(BUNDLE, name)) continue;
      const path = join(folder.path, name);
      mkdirSync(dirname(path), { recursive: true });
      const text = Array.isArray(content) ? linesOf(content as readonly JsonValue[]) : jsonText(content);
      writeFileSync(path, name.endsWith(".jsonl") ? withTextEdits(text, edits) : text);
    }
    opened(() => {
      using source = openSource(folder.path, { from: "codex-bundle" });
      reducible(source.rollout);
    });
  },
});

function logTarget(format: LogFormatName): FuzzTarget {
  const seeds = LOG_SEEDS[format].map((lines): JsonValue => [...lines]);
  return fuzzTarget({
    name: format,
    inputs: fc.tuple(mutated(seeds), textEdits) as fc.Arbitrary<[JsonValue, [number, number, string][]]>,
    check: ([lines, edits]: readonly [JsonValue, Edits]) => {
      using folder = scratchFolder();
      const path = join(folder.path, "log.jsonl");
      const text = linesOf(Array.isArray(lines) ? (lines as readonly JsonValue[]) : [lines]);
      writeFileSync(path, withTextEdits(text, edits));
      opened(() => {
        for (const rollout of LOG_FORMATS[format].rollouts([path], () => undefined)) {
          opened(() => {
            using open = rollout.open();
            numbered(open.rollout);
            reducible(open.rollout);
          });
        }
      });
    },
  });
}

/** A source may refuse, in its own words. */
function opened(open: () => void): void {
  try {
    open();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "CliError") throw error;
    hold(error.message !== "", "a refusal says why");
  }
}

/** What logs are made into is numbered by the importer; a bundle keeps its own numbers, and reducing says what is wrong with them. */
function numbered(rollout: RolloutSource): void {
  let expected = 0;
  for (const item of rollout.events()) {
    if (item.type !== "event") continue;
    expected += 1;
    const { seq } = item.value as { readonly seq: number };
    hold(seq === expected, `the ${expected}th event has seq ${seq}`);
  }
}

function reducible(rollout: RolloutSource): void {
  const violations = checkGraph(reduceRollout(rollout));
  hold(violations.length === 0, `no violation: ${JSON.stringify(violations.slice(0, 3))}`);
}

function linesOf(lines: readonly JsonValue[]): string {
  return lines.map((line) => `${jsonText(line)}\n`).join("");
}

function isObject(value: JsonValue): value is Readonly<Record<string, JsonValue>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const IMPORTER_TARGETS: readonly FuzzTarget[] = [bundle, ...LOG_FORMAT_NAMES.map(logTarget)];
