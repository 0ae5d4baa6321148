/** Folders of recordings of any kind, and what is not what it is said to be. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliError, openSource } from "@rollout-trace/cli";
import { run } from "../commands/run.ts";
import { smallBundle } from "../commands/small-bundle.ts";
import { smallStore } from "../commands/small-store.ts";
import { LogBuilder, readSource, ROOT as LOGGED } from "./codex-log/log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "folders-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A log of 2026, later than what the small store and bundle hold. */
function log(name = "rollout.jsonl"): string {
  return new LogBuilder().meta().begin("t1").user("hello").says("hi").tokens(1).end("t1").write(folder, name);
}

/** A folder with a store (`weather`, `aborted`), a bundle (`thread-root`) and a log, of which one is deeper. */
function mixed(): void {
  mkdirSync(join(folder, "deep"));
  smallStore(join(folder, "deep", "session.db"));
  smallBundle(folder);
  log();
}

function codeOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    if (error instanceof CliError) return error.code;
    throw error;
  }
  return "opened";
}

describe("a folder of recordings", () => {
  it("is a source when it holds stores", async () => {
    smallStore(join(folder, "one.db"));
    copyFileSync(join(folder, "one.db"), join(folder, "two.sqlite"));
    rmSync(join(folder, "one.db"));
    expect(await run(["show", folder])).toMatchObject({
      code: 2,
      err: expect.stringContaining("holds 2 rollouts; choose one with --rollout ID or --rollout latest"),
    });
    const alone = await run(["show", join(folder, "two.sqlite"), "--rollout", "weather"]);
    expect(await run(["show", folder, "--rollout", "weather"])).toEqual(alone);
    expect(await run(["show", folder, "--rollout", "weather", "--from", "store"])).toEqual(alone);
  });

  it("holds the rollouts of stores, bundles and logs together, newest first", async () => {
    mixed();
    const { code, err } = await run(["show", folder]);
    expect(code).toBe(2);
    const listed = err.split("\n").slice(1, -1);
    expect(listed.map((line) => line.trim().split("  ")[0])).toEqual([
      LOGGED,
      "weather",
      "aborted",
      "thread-root",
    ]);
    const formats = ["latest", "weather", "thread-root"].map((rollout) => {
      using source = openSource(folder, { rollout });
      return [source.format, source.rollout.rolloutId];
    });
    expect(formats).toEqual([
      ["codex-log", LOGGED],
      ["store", "weather"],
      ["codex-bundle", "thread-root"],
    ]);
  });

  it("is what --from says of it", () => {
    mixed();
    for (const from of ["codex-log", "codex-bundle"] as const) {
      using source = openSource(folder, { from });
      expect(source.format).toBe(from);
    }
    expect(codeOf(() => openSource(folder, { from: "store" }))).toBe("ambiguous_rollout");
    expect(codeOf(() => openSource(folder, { from: "otlp" }))).toBe("unknown_format");
  });

  it("is read by each command as its rollout is", async () => {
    mixed();
    const store = join(folder, "deep", "session.db");
    for (const args of [
      ["reduce"],
      ["verify"],
      ["why", "cell 1"],
      ["explain", "cell 1"],
      ["export", "--ndjson"],
    ]) {
      const [command = "", ...more] = args;
      const alone = await run([command, store, ...more, "--rollout", "weather"]);
      const inFolder = await run([command, folder, ...more, "--rollout", "weather"]);
      expect({ args, code: inFolder.code, err: inFolder.err }).toEqual({ args, code: 0, err: "" });
      // Only of a store as a whole are its rows checked.
      const out = alone.out.replace("  ✓ rows and payloads of the store\n", "");
      expect(inFolder.out).toBe(out);
    }
  });

  it("says which of several places to name for a rollout that it holds more than once", async () => {
    const store = smallStore(join(folder, "one.db"));
    copyFileSync(store, join(folder, "two.db"));
    expect(await run(["show", folder, "--rollout", "weather"])).toMatchObject({
      code: 2,
      err: expect.stringContaining(`name one of these instead:\n  ${store}\n  ${join(folder, "two.db")}\n`),
    });
  });

  it("says of a store that cannot be read that it is left out, and nothing of files that are no recordings", () => {
    log();
    const broken = smallStore(join(folder, "broken.db"));
    truncateSync(broken, 8192);
    const other = new DatabaseSync(join(folder, "other.db"));
    other.exec("CREATE TABLE notes (text)");
    other.close();
    writeFileSync(join(folder, "notes.jsonl"), '{"some":"thing else"}\n');
    expect(readSource(folder).problems).toEqual([
      { where: broken, message: expect.stringMatching(/malformed/) },
    ]);
  });

  it("is no source when nothing in it can be read", async () => {
    expect(await run(["show", folder])).toMatchObject({
      code: 3,
      err: expect.stringContaining("a folder without"),
    });
    const broken = smallStore(join(folder, "broken.db"));
    truncateSync(broken, 8192);
    expect(await run(["show", folder])).toMatchObject({
      code: 3,
      err: expect.stringMatching(/holds no rollout that can be read: .*broken\.db.*malformed/),
    });
  });
});

describe("what is not of the format that --from says", () => {
  const formats = ["store", "codex-bundle", "codex-log", "claude-code", "otlp"] as const;
  const contents: readonly (readonly [string, string | Buffer])[] = [
    ["an empty file", ""],
    ["a text", "hello\nworld\n"],
    ["JSON of something else", '{"some":"thing else"}\n[1]\n'],
    ["bytes", Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251))],
  ];

  it.each(contents)(
    "as %s, is refused with exit code 3, what was expected, and what to do",
    async (_what, content) => {
      const path = join(folder, "thing");
      const store = join(folder, "all.db");
      writeFileSync(path, content);
      for (const from of formats) {
        const message = new RegExp(
          `thing: (?:skipped: )?nothing in it is what --from ${from} stands for, .+; leave out --from`,
        );
        const shown = await run(["show", path, "--from", from]);
        expect(shown).toMatchObject({ code: 3, out: "", err: expect.stringMatching(message) });
        expect(shown.err.trimEnd()).not.toContain("\n");
        expect(await run(["import", path, "--store", store, "--from", from])).toMatchObject({
          code: 3,
          out: "0 rollouts imported, 1 skipped\n",
          err: expect.stringMatching(message),
        });
      }
    },
  );

  it("is read where only its beginning does not show the format", () => {
    const path = log();
    const lines = Array.from({ length: 100 }, () => "damaged");
    writeFileSync(path, `${lines.join("\n")}\n{"type":"event_msg","payload":{"type":"unheard_of"}}\n`);
    expect(codeOf(() => openSource(path))).toBe("unknown_format");
    using source = openSource(path, { from: "codex-log" });
    expect(source.format).toBe("codex-log");
  });
});
