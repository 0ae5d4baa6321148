/** What holds for every command: full disks, closed pipes, Ctrl-C, files that are no traces, and the examples of the help. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { COMMAND, Running, shell } from "./cli-process.ts";
import { recordSession } from "./recorded-session.ts";
import { run } from "./run.ts";
import { smallStore } from "./small-store.ts";

let folder: string;
let before: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "every-"));
  smallStore(join(folder, "session.db"));
  copyFileSync(join(folder, "session.db"), join(folder, "before.db"));
  smallStore(join(folder, "after.db"), { answer: "雨 ☔ in 東京." });
  await recordSession(join(folder, "cells.db"));
  writeFileSync(join(folder, "notes.txt"), "no trace");
  longStore(join(folder, "long.db"));
  before = process.cwd();
  process.chdir(folder);
}, 60_000);
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

/** A rollout of very many turns, in a store whose writer goes on. */
function longStore(path: string): void {
  const trace = openTraceStore({ path });
  trace.startRollout({ rolloutId: "long" });
  const database = new Database(path);
  database.exec(`
    PRAGMA synchronous = OFF;
    WITH RECURSIVE numbers (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM numbers WHERE n < 150000)
    INSERT INTO events SELECT rollout, n, time_unix_us, thread_id, NULL, 'turn_started',
      json_object('type', 'turn_started', 'turn_id', 'turn-' || n, 'thread_id', thread_id)
      FROM events, numbers WHERE seq = 2;`);
  database.close();
}

/** Every command that reads a source, with arguments that make it print something of the store that records `weather`. */
const EVERY: readonly (readonly [name: string, args: (source: string) => string])[] = [
  ["show", (source) => `show ${source}`],
  ["reduce", (source) => `reduce ${source}`],
  ["verify", (source) => `verify ${source}`],
  ["explain", (source) => `explain ${source} turn 1 of /root`],
  ["why", (source) => `why ${source} turn 1 of /root`],
  ["diff", (source) => `diff ${source} after.db`],
  // A format that is made of the graph: everything is read before anything is printed.
  ["export", (source) => `export ${source} --mermaid`],
  ["fixture", (source) => `fixture ${source} -o cut`],
];
const OF_STORES: typeof EVERY = [
  ["list", (source) => `list ${source}`],
  ["tail", (source) => `tail ${source}`],
  ["compact", (source) => `compact ${source} --no-vacuum`],
  ["prune", (source) => `prune ${source} --older-than 2020-01-01`],
];
const OF_CELLS: typeof EVERY = [["replay", (source) => `replay ${source} cell 1`]];

/** Command lines that print something, by command. */
const PRINTING: readonly (readonly [name: string, line: string])[] = [
  ...EVERY.map(([name, args]) => [name, `${args("session.db")} --rollout weather`] as const),
  ...OF_STORES.map(([name, args]) => [name, args("session.db")] as const),
  ...OF_CELLS.map(([name, args]) => [name, args("cells.db")] as const),
  ["completion", "completion bash"],
  ["help", "help"],
];

describe("stdout", () => {
  it.each(PRINTING)("of %s on a full disk is one message and exit code 3", (_name, line) => {
    expect(shell(`cd ${folder} && ${COMMAND} ${line} > /dev/full`)).toMatchObject({
      code: 3,
      signal: null,
      out: "",
      err: expect.stringMatching(/^(.*\n)*rollout-trace: the output cannot be written: ENOSPC[^\n]*\n$/),
    });
  });

  it.each(PRINTING)(
    "of %s may be closed before anything is written: no failure, no message",
    (_name, line) => {
      const closed = shell(`cd ${folder} && ${COMMAND} ${line} 2> err.txt | true; echo "\${PIPESTATUS[0]}"`);
      expect(closed.out).toBe("0\n");
      const { out } = shell(`cat ${folder}/err.txt`);
      expect(out).not.toMatch(/EPIPE|Error|at .*:\d/);
    },
  );
});

describe("a file that is no trace", () => {
  it.each([...EVERY, ...OF_STORES, ...OF_CELLS])(
    "is refused by %s with one line and exit code 3",
    async (_name, args) => {
      const { code, out, err } = await run(args("notes.txt").split(" "));
      expect({ code, out }).toEqual({ code: 3, out: "" });
      expect(err).toMatch(/^rollout-trace: notes\.txt: [^\n]*\n$/);
    },
  );

  it.each([...EVERY, ...OF_STORES, ...OF_CELLS])("nor one that is not there, by %s", async (_name, args) => {
    const { code, out, err } = await run(args("none.db").split(" "));
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toMatch(/^rollout-trace: none\.db: ENOENT[^\n]*\n$/);
  });
});

describe("Ctrl-C", () => {
  it.each(EVERY)("ends %s while it reads, without output, a message or half a file", async (_name, args) => {
    const source = join(folder, "long.db");
    const place = mkdtempSync(join(folder, "place-"));
    const running = Running.cli(args(source).replace("after.db", source).split(" "), { cwd: place });
    await running.opened(source);
    running.signal("SIGINT");
    // By the signal, as a shell expects.
    expect(await running.exited).toEqual({ code: null, signal: "SIGINT", out: "", err: "" });
    expect(readdirSync(place)).toEqual([]);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("(%s) ends replay with the process that runs the script", async (name, number) => {
    const running = Running.cli(["replay", join(folder, "cells.db"), "call_forever"], { cwd: folder });
    await running.opened(join(folder, "cells.db"));
    running.signal(name);
    const { code, signal, out } = await running.exited;
    // Before the script runs the signal itself ends it.
    expect([code ?? number, signal ?? name, out]).toEqual([number, name, ""]);
  });
});

describe("--json", () => {
  /** Where stdout would take what is exported, that goes to a file. */
  const lines = PRINTING.filter(([name]) => name !== "help").map(
    ([name, line]) => [name, name === "export" ? `${line} -o exported` : line] as const,
  );

  it.each(lines)("makes what %s prints JSON", async (_name, line) => {
    const { code, out } = await run([...line.split(" "), "--json"]);
    expect(code).toBeLessThan(2);
    // `tail` prints a line for each event.
    const documents = out.startsWith("{\n") ? [out] : out.trimEnd().split("\n");
    expect(documents.map((text) => typeof JSON.parse(text))).toEqual(documents.map(() => "object"));
  });

  it("is refused where stdout takes an export itself", async () => {
    expect(await run(["export", "session.db", "--rollout", "weather", "--ndjson", "--json"])).toEqual({
      code: 2,
      out: "",
      err: expect.stringMatching(/stdout takes the export itself; give that a file with -o/),
    });
  });
});

describe("--help", () => {
  it("has an example of every command, and every example runs", async () => {
    const { out } = await run(["--help"]);
    const names = [...out.matchAll(/^ {2}([a-z]+) (?:\[options\] )?[<[]/gm)].map(([, name = ""]) => name);
    const ran = new Map<string, number>();
    for (const name of names.filter((each) => each !== "help")) {
      const { out: help } = await run([name, "--help"]);
      const examples = [...help.matchAll(/^ {2}rollout-trace (.*)$/gm)].map(([, line = ""]) => line);
      expect({ name, examples: examples.length > 0 }).toEqual({ name, examples: true });
      for (const line of examples) {
        const here = line.replace("~/.codex/sessions", "session.db");
        ran.set(line, (await run(here.split(" "))).code);
      }
    }
    // The store's cell has no journal, and the two stores are not the same.
    const no = [...ran]
      .filter(([, code]) => code !== 0)
      .map(([line, code]) => `${line.split(" ")[0]} ${code}`);
    expect(no.toSorted()).toEqual(["diff 1", "replay 1"]);
  });
});
