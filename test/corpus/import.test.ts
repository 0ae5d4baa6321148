import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everyRollout, exportCodexBundle, type FoundRollout, openSource } from "@rollout-trace/cli";
import { graphJson, reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import {
  type ImportResult,
  openRolloutImporter,
  readTraceStore,
  type RolloutImporter,
  verifyStore,
} from "@rollout-trace/trace";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

const FOLDERS = [
  "codex-bundles",
  "codex-rollout",
  "codex-logs-old",
  "codex-fixture",
  "claude-code",
  "claude-code-fixture",
  "otel",
];

/** Every kind is there without the long transcripts, and a session that two folders tell of differently once. */
function someOf(found: readonly FoundRollout[]): readonly FoundRollout[] {
  const seen = new Set<string>();
  return found.filter(({ path, format }, index) => {
    if (format === "claude-code" && index % 4 !== 0) return false;
    const isNew = !seen.has(path);
    seen.add(path);
    return isNew;
  });
}

const rollouts: readonly FoundRollout[] =
  CORPUS_MISSING === null
    ? someOf(FOLDERS.flatMap((name) => everyRollout(join(CORPUS, name), { report: () => undefined })))
    : [];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "corpus-import-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function importOne(importer: RolloutImporter, { format, open }: FoundRollout): ImportResult {
  using source = open();
  return importer.importRollout(source.rollout, { format, inputs: source.inputs });
}

function reduceStored(path: string, traceId: string): RolloutGraph {
  using store = readTraceStore(path);
  return reduceRollout(store.openRollout(traceId));
}

describe.skipIf(CORPUS_MISSING !== null)("a recording that is imported into a store", () => {
  const path = () => join(folder, "all.db");
  let importer: RolloutImporter;
  beforeAll(() => {
    importer = openRolloutImporter({ path: path(), redact: false });
  });
  afterAll(() => importer.close());

  it("is one of many", () => {
    expect(rollouts.length).toBeGreaterThan(50);
  });

  it.each(rollouts.map((rollout) => [rollout.path.replace(CORPUS, ""), rollout] as const))(
    "%s reduces from there to the same bytes, and adds nothing a second time",
    (_name, rollout) => {
      using source = rollout.open();
      const { outcome, traceId } = importOne(importer, rollout);
      expect(outcome).toBe("new");
      expect(graphJson(reduceStored(path(), traceId))).toBe(graphJson(reduceRollout(source.rollout)));
      expect(importOne(importer, rollout)).toMatchObject({ outcome: "unchanged", addedEvents: 0 });
    },
  );

  it("is found sound there", () => {
    expect(verifyStore(path())).toMatchObject({ ok: true, checked: { rollouts: rollouts.length } });
  });

  it("is the same once more when that store is imported into another", () => {
    const copy = join(folder, "copy.db");
    using other = openRolloutImporter({ path: copy, redact: false });
    // The first are of bundles, and some of the others are of every format of logs.
    const copied = everyRollout(path(), { report: () => undefined }).filter((_, index) => index % 5 === 0);
    for (const rollout of copied) expect(importOne(other, rollout).outcome).toBe("new");
    using store = readTraceStore(copy);
    for (const { traceId } of store.rollouts()) {
      expect(graphJson(reduceStored(copy, traceId))).toBe(graphJson(reduceStored(path(), traceId)));
    }
    for (const rollout of copied) expect(importOne(other, rollout).outcome).toBe("unchanged");
  });
});

/** The graph with payloads named in their order: a bundle gives them names and sizes of its own. */
function comparable({ payloads, ...graph }: RolloutGraph): unknown {
  const names = new Map(Object.keys(payloads).map((id, index) => [id, `payload ${index + 1}`]));
  const kinds = Object.values(payloads).map(({ kind }) => kind);
  const renamed: unknown = JSON.parse(JSON.stringify(graph), (_key, value: unknown) =>
    typeof value === "string" ? (names.get(value) ?? value) : value,
  );
  return { graph: renamed, kinds };
}

describe.skipIf(CORPUS_MISSING !== null)(
  "a recording that is imported, exported as a bundle and imported again",
  () => {
    const some = rollouts.filter(
      ({ path, format }) =>
        format === "codex-bundle" || /codex-logs-old|git-sync\/06|01a20614|019f9261/.test(path),
    );

    it("is a bundle or a log", () => {
      expect(new Set(some.map(({ format }) => format))).toEqual(new Set(["codex-bundle", "codex-log"]));
    });

    it.each(some.map((rollout) => [rollout.path.replace(CORPUS, ""), rollout] as const))(
      "%s is the same rollout",
      (name, rollout) => {
        const [first, second] = [join(folder, "first.db"), join(folder, "second.db")];
        const bundle = join(folder, "bundles", name.replaceAll("/", "_"));
        using importer = openRolloutImporter({ path: first, redact: false });
        const { traceId } = importOne(importer, rollout);
        using source = openSource(first, { rollout: traceId });
        expect(exportCodexBundle(source.rollout, bundle).losses).toEqual([]);
        using again = openRolloutImporter({ path: second, redact: false });
        const [found] = everyRollout(bundle, { report: () => undefined });
        if (found === undefined) throw new Error(`there is no bundle at ${bundle}`);
        expect(importOne(again, found)).toMatchObject({ traceId, outcome: "new" });
        expect(comparable(reduceStored(second, traceId))).toEqual(comparable(reduceStored(first, traceId)));
      },
    );
  },
);

const growing =
  CORPUS_MISSING === null
    ? readdirSync(join(CORPUS, "codex-rollout-growth"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".jsonl"))
        .toSorted()
        .map((name) => join(CORPUS, "codex-rollout-growth", name))
    : [];

describe.skipIf(CORPUS_MISSING !== null)("a session log that has grown since it was imported", () => {
  const found = (path: string): FoundRollout => {
    const [rollout] = everyRollout(path, { report: () => undefined });
    if (rollout === undefined) throw new Error(`nothing at ${path}`);
    return rollout;
  };

  it("adds what is new and leaves the rest as it was", () => {
    const path = join(folder, "growth.db");
    using importer = openRolloutImporter({ path, redact: false });
    let before: readonly unknown[] = [];
    for (const [index, log] of growing.entries()) {
      const { traceId, outcome, replacedEvents, addedEvents } = importOne(importer, found(log));
      expect(outcome).toBe(index === 0 ? "new" : "continued");
      using source = found(log).open();
      expect(graphJson(reduceStored(path, traceId))).toBe(graphJson(reduceRollout(source.rollout)));
      using store = readTraceStore(path);
      const events = [...store.openRollout(traceId).events()];
      expect(events.length).toBe(before.length - replacedEvents + addedEvents);
      const kept = before.length - replacedEvents;
      expect(events.slice(0, kept)).toEqual(before.slice(0, kept));
      // What a log says at its end: that the thread and the rollout are over.
      expect(replacedEvents).toBeLessThanOrEqual(4);
      before = events;
    }
    for (const log of growing) expect(importOne(importer, found(log)).outcome).toBe("unchanged");
    expect(verifyStore(path).ok).toBe(true);
  });

  it("is refused when it was rewritten, by the line that differs, and nothing is lost", () => {
    const path = join(folder, "rewritten.db");
    using importer = openRolloutImporter({ path, redact: false });
    const [log = ""] = growing;
    const { traceId } = importOne(importer, found(log));
    const before = graphJson(reduceStored(path, traceId));
    const copy = join(folder, "rewritten", "log.jsonl");
    cpSync(log, copy, { recursive: true });
    const lines = readFileSync(log, "utf8").split("\n");
    lines[6] = (lines[6] ?? "").replace(/\d{4}-/, "1999-");
    writeFileSync(copy, `${lines.join("\n")}{"type":"world_state","payload":{}}\n`);
    expect(() => importOne(importer, found(dirname(copy)))).toThrow(
      expect.objectContaining({
        code: "source_rewritten",
        message: expect.stringContaining(`${copy}: line 7 `),
      }),
    );
    expect(graphJson(reduceStored(path, traceId))).toBe(before);
  });
});
