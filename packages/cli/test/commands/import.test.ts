import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTraceStore, readTraceStore, TraceStoreError, verifyStore } from "@rollout-trace/trace";
import { childLog, parentLog } from "../sources/codex-log/agent-logs.ts";
import { LogBuilder, ROOT } from "../sources/codex-log/log-builder.ts";
import { otlp } from "../sources/otlp/trace-file.ts";
import { Running } from "./cli-process.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";
import { smallStore } from "./small-store.ts";

let folder: string;
let db: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "import-"));
  db = join(folder, "all.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A session of so many turns. */
function log(turns: number): LogBuilder {
  const builder = new LogBuilder().meta();
  for (let turn = 1; turn <= turns; turn += 1) {
    builder
      .begin(`t${turn}`)
      .user(`question ${turn}`)
      .call("exec_command", { cmd: `make ${turn}` }, `c${turn}`)
      .tokens(3)
      .output(`c${turn}`, `Process exited with code 0\nOutput:\n${"a line ".repeat(400)}`)
      .says(`answer ${turn}`)
      .tokens(2)
      .end(`t${turn}`);
  }
  return builder;
}

async function reduced(source: string, ...more: readonly string[]): Promise<string> {
  const { code, out } = await run(["reduce", source, ...more]);
  expect(code).toBe(0);
  return out;
}

describe("import", () => {
  it("copies what a folder holds, of whatever kind and however deep; a broken file is reported and stops nothing", async () => {
    const inside = join(folder, "recordings");
    const sessions = join(inside, "2026", "01");
    mkdirSync(sessions, { recursive: true });
    parentLog().write(sessions, "b.jsonl");
    writeFileSync(join(sessions, "a.jsonl.gz"), gzipSync(childLog().text()));
    smallStore(join(inside, "session.db"));
    smallBundle(inside);
    writeFileSync(join(inside, "broken.jsonl.gz"), "\u001f\u008bnot gzip at all", "latin1");
    writeFileSync(join(inside, "other.db"), "no database at all, but long enough to be one. ".repeat(30));
    writeFileSync(join(inside, "notes.jsonl"), '{"some":"thing else"}\n');

    const first = await run(["import", inside, "--store", db, "--json"]);
    expect(first.code).toBe(3);
    const { rollouts, skipped } = JSON.parse(first.out) as {
      readonly rollouts: readonly { readonly format: string; readonly outcome: string }[];
      readonly skipped: readonly { readonly path: string; readonly code: string }[];
    };
    expect(rollouts.map(({ format, outcome }) => `${outcome} ${format}`)).toEqual([
      "new codex-bundle",
      "new store",
      "new store",
      "new codex-log",
    ]);
    expect(skipped.map(({ path, code }) => [path, code])).toEqual([
      [join(inside, "other.db"), "unknown_format"],
      [join(inside, "broken.jsonl.gz"), "unreadable_source"],
      [join(inside, "notes.jsonl"), "unknown_format"],
    ]);
    expect(first.err).toContain(`${join(inside, "broken.jsonl.gz")}: skipped: `);

    const only = await run(["import", inside, "--store", join(folder, "logs.db"), "--from", "codex-log"]);
    expect(only.out).toContain("1 rollout imported, 2 skipped\n");
    const second = await run(["import", inside, "--store", db]);
    expect(second.out).toBe("0 rollouts imported, 4 unchanged, 3 skipped\n");
    expect(verifyStore(db)).toMatchObject({ ok: true, checked: { rollouts: 4 } });
  });

  it("reports each log of a folder that is none, as it does when the files are named, and a folder with nothing in it", async () => {
    const inside = join(folder, "bad");
    mkdirSync(inside);
    const names = ["cut.jsonl", "empty.jsonl", "garbage.jsonl"];
    const contents = [
      '{"timestamp":"2026-01-01T00:00:00Z","type":"sess',
      "",
      "\u0000\u0001 no JSON \u00ff\n",
    ];
    const paths = names.map((name) => join(inside, name));
    for (const [index, path] of paths.entries()) writeFileSync(path, contents[index] ?? "");
    const skipped = ({ out }: { readonly out: string }) =>
      (JSON.parse(out) as { readonly skipped: readonly Record<string, string>[] }).skipped;
    const ofFolder = await run(["import", inside, "--store", db, "--json"]);
    const ofFiles = await run(["import", ...paths, "--store", db, "--json"]);
    for (const ran of [ofFolder, ofFiles]) {
      expect(ran.code).toBe(3);
      expect(skipped(ran).map(({ path, code }) => [path, code])).toEqual(
        paths.map((path) => [path, "unknown_format"]),
      );
      for (const path of paths) expect(ran.err).toContain(`${path}: skipped: `);
    }
    const forced = await run(["import", inside, "--store", db, "--from", "codex-log", "--json"]);
    expect(forced).toEqual(ofFolder);
    for (const path of paths) rmSync(path);
    const ofNothing = await run(["import", inside, "--store", db]);
    expect(ofNothing).toMatchObject({
      code: 3,
      out: "0 rollouts imported, 1 skipped\n",
      err: expect.stringMatching(/bad: skipped: a folder without manifest\.json, stores or session logs; /),
    });
    expect(existsSync(db)).toBe(false);
  });

  it("takes an empty store for what it is", async () => {
    const inside = join(folder, "stores");
    mkdirSync(inside);
    openTraceStore({ path: join(inside, "empty.db") }).close();
    expect(await run(["import", inside, "--store", db])).toMatchObject({
      code: 0,
      out: "0 rollouts imported\n",
    });
  });

  it("takes of the documents in a folder those that hold spans, and none out of a bundle", async () => {
    const inside = join(folder, "traces");
    mkdirSync(inside);
    const trace = (name: string): string => {
      const attributes = { "gen_ai.operation.name": "invoke_agent" };
      return otlp({ id: name, trace: name, name: "invoke_agent a", attributes });
    };
    writeFileSync(join(inside, "one.json"), JSON.stringify(JSON.parse(trace("one")), null, 2));
    writeFileSync(join(inside, "two.json.gz"), gzipSync(trace("two")));
    writeFileSync(join(inside, "package.json"), '{"name":"traces","version":"1.0.0"}');
    writeFileSync(join(inside, "broken.json"), '{"resourceSp');
    const bundle = smallBundle(inside);
    writeFileSync(join(bundle, "payloads", "trace.json"), trace("three"));

    const { code, out } = await run(["import", inside, "--store", db, "--json"]);
    const { rollouts, skipped } = JSON.parse(out) as {
      readonly rollouts: readonly { readonly format: string }[];
      readonly skipped: readonly unknown[];
    };
    const formats = rollouts.map(({ format }) => format);
    expect({ code, formats, skipped }).toEqual({
      code: 0,
      formats: ["codex-bundle", "otlp", "otlp"],
      skipped: [],
    });
    rmSync(join(inside, "two.json.gz"));
    const shown = await run(["show", inside, "--from", "otlp"]);
    expect(shown).toMatchObject({ code: 0, err: "", out: expect.stringContaining("1 agent · 1 turn") });
  });

  it("keeps what is known of each object: the graph of the store is the graph of the log, byte by byte", async () => {
    const path = log(3).write(folder);
    expect((await run(["import", path, "--store", db])).code).toBe(0);
    const graph = await reduced(db);
    expect(graph).toBe(await reduced(path));
    expect(graph).toContain('"provenance": "imported"');
    expect((await run(["verify", db])).code).toBe(0);
  });

  it("adds to a log what is new in it, and refuses one that was rewritten, by its line", async () => {
    const path = log(3).write(folder);
    await run(["import", path, "--store", db]);
    log(5).write(folder);
    const grown = await run(["import", path, "--store", db]);
    expect(grown.out).toMatch(
      new RegExp(`^continued {2}${ROOT} {2}codex-log, \\+\\d+ events\n1 rollout imported\n$`),
    );
    const graph = await reduced(db);
    expect(graph).toBe(await reduced(path));

    writeFileSync(path, log(6).text().replace("question 2", "another question"));
    const refused = await run(["import", path, "--store", db]);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(new RegExp(`^${path}: skipped: line \\d+ is not what was imported before`));
    expect(await reduced(db)).toBe(graph);
  });

  it("replaces secrets unless it is told not to", async () => {
    const secret = `sk-proj-${"abcdef0123456789".repeat(3)}`;
    const path = new LogBuilder()
      .meta()
      .begin("t")
      .user(`my key is ${secret}`)
      .says("ok")
      .tokens(1)
      .end("t")
      .write(folder);
    expect((await run(["import", path, "--store", db])).out).toContain("secret");
    expect(readFileSync(db).includes(secret)).toBe(false);
    const plain = join(folder, "plain.db");
    expect((await run(["import", path, "--store", plain, "--no-redact"])).out).not.toContain("secret");
    expect(readFileSync(plain).includes(secret)).toBe(true);
  });

  it("makes no store for a source that is not there, and imports no store into itself", async () => {
    const missing = await run(["import", join(folder, "missing"), "--store", db]);
    expect(missing.code).toBe(3);
    expect(() => readFileSync(db)).toThrow("ENOENT");
    smallStore(db);
    expect(await run(["import", db, "--store", db])).toMatchObject({
      code: 2,
      err: `rollout-trace: ${db}: a store is not imported into itself\n`,
    });
  });

  it("writes into nothing that is no store", async () => {
    const path = log(1).write(folder);
    appendFileSync(db, "something else, and long enough to be looked at. ".repeat(100));
    const before = readFileSync(db);
    expect((await run(["import", path, "--store", db])).code).toBe(3);
    expect(readFileSync(db)).toEqual(before);
  });

  it("does not follow a payload of a bundle out of it, and says what is missing", async () => {
    const bundle = smallBundle(folder);
    writeFileSync(join(folder, "secret.json"), '{"secret":"outside"}');
    const trace = join(bundle, "trace.jsonl");
    const copy = join(folder, "hostile");
    cpSync(bundle, copy, { recursive: true });
    writeFileSync(
      join(copy, "trace.jsonl"),
      readFileSync(trace, "utf8").replace("payloads/1.json", "../secret.json"),
    );
    await run(["import", copy, "--store", db]);
    expect(readFileSync(db).includes("outside")).toBe(false);
    expect(JSON.parse(await reduced(db))).toMatchObject({
      diagnostics: expect.arrayContaining([expect.objectContaining({ code: "missing_payload" })]),
    });
  });
});

/** Events of the one rollout in a store that another process writes; 0 while there is none. */
function eventsThere(path: string): number {
  try {
    using store = readTraceStore(path);
    return store.rollouts()[0]?.eventCount ?? 0;
  } catch (error) {
    if (error instanceof TraceStoreError) return 0;
    throw error;
  }
}

describe("an import that is killed", () => {
  it("leaves a store that can be read, and the next one finishes it", { timeout: 120_000 }, async () => {
    const path = log(300).write(folder);
    for (const enough of [1, 1_500]) {
      const importing = Running.cli(["import", path, "--store", db]);
      while (eventsThere(db) < enough) await nextTurn();
      importing.signal("SIGKILL");
      expect((await importing.exited).signal).toBe("SIGKILL");
      expect(verifyStore(db).findings).toEqual([]);
      await reduced(db);
    }
    const rest = await run(["import", path, "--store", db, "--json"]);
    expect(JSON.parse(rest.out)).toMatchObject({ rollouts: [{ outcome: "continued", replaced_events: 0 }] });
    expect(await reduced(db)).toBe(await reduced(path));
  });
});
