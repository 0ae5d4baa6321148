import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { storeOfManyRollouts } from "../../../../test/support/many-rollouts.ts";
import { LogBuilder } from "../sources/codex-log/log-builder.ts";
import { Running } from "./cli-process.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

const WRITER = resolve(import.meta.dirname, "step-writer.ts");

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "list-"));
  path = join(folder, "list.db");
  let now = 1_700_000_000_000_000;
  const store = openTraceStore({ path, clock: () => (now += 1_000) });
  const first = store.startRollout({ rolloutId: "first", host: { name: "h", version: "1" } });
  first.startChildThread({ agentPath: "/root/child" }).end();
  const turn = first.startTurn();
  turn
    .startInference({ model: "m", provider: "p", dialect: "openai_responses", request: () => ({}) })
    .failed({ error: "no" });
  turn.startToolCall({ kind: { type: "other", name: "look" } }).ended();
  turn.end();
  first.endRollout("failed");
  now += 86_400_000_000;
  store.startRollout({ rolloutId: "second" }).endRollout();
  store.startRollout({ rolloutId: "third\u001b[31m" });
  store.flush();
  store.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ids = (...options: readonly string[]): Promise<readonly string[]> => idsIn(path, ...options);

async function idsIn(store: string, ...options: readonly string[]): Promise<readonly string[]> {
  const { out } = await run(["list", store, "--json", ...options]);
  return (JSON.parse(out) as { rollouts: { rollout_id: string }[] }).rollouts.map((each) => each.rollout_id);
}

describe("list", () => {
  it("counts what the events say, newest first, and says what it does not count", async () => {
    expect(await run(["list", path])).toEqual({
      code: 0,
      err: "",
      out: `started               status     took   agents  turns  requests  calls  cells   tokens  problems  rollout
2023-11-15 22:13:20Z  stopped    2 ms        1      0         0      0      0        -  -         third\\x1b[31m
2023-11-15 22:13:20Z  completed  4 ms        1      0         0      0      0        -  -         second
2023-11-14 22:13:20Z  failed     12 ms       2      1         1      1      0  unknown  1 failed  first

3 rollouts; diagnostics and findings are not counted here: \`show\` does, one rollout at a time
`,
    });
  });

  it("goes by when a rollout began, not by when it came into the store; what began at once came last first", async () => {
    const later = join(folder, "later.db");
    let now = 0;
    const store = openTraceStore({ path: later, clock: () => (now += 1) });
    for (const [rolloutId, start] of [
      ["b", 2],
      ["d", 3],
      ["a", 1],
      ["c", 2],
    ] as const) {
      now = 1_700_000_000_000_000 + start * 1_000_000;
      store.startRollout({ rolloutId }).endRollout();
    }
    store.close();
    expect(await idsIn(later)).toEqual(["d", "c", "b", "a"]);
    const { out } = await run(["tail", later, "--json"]);
    expect(JSON.parse(out.split("\n")[0] ?? "")).toMatchObject({ rollout_id: "d" });
  });

  it("begins with the rollout that is the latest in the folder that was imported, in whatever order", async () => {
    const logs = join(folder, "logs");
    mkdirSync(logs);
    const [old, middle, young] = ["old", "middle", "young"].map((id, days) =>
      new LogBuilder()
        .wait(days * 86_400_000)
        .meta({ id })
        .begin(`turn of ${id}`)
        .user("hello")
        .write(logs, `${id}.jsonl`),
    ) as [string, string, string];
    const imported = join(folder, "imported.db");
    for (const log of [middle, young, old])
      expect(await run(["import", log, "--store", imported])).toMatchObject({ code: 0 });
    expect(await idsIn(imported)).toEqual(["young", "middle", "old"]);
    const latest = async (source: string): Promise<string> =>
      (await run(["show", source, "--rollout", "latest"])).out;
    expect(await latest(imported)).toContain("rollout young");
    expect(await latest(logs)).toBe(await latest(imported));
  });

  it("says of a recording whose process was killed that it stopped, and changes nothing in the store", async () => {
    const live = join(folder, "live.db");
    const writer = new Running([WRITER, live]);
    await writer.printed(/start done/);
    expect(await idsIn(live, "--status", "running")).toEqual(["live"]);
    expect(await idsIn(live, "--status", "stopped")).toEqual([]);
    writer.signal("SIGKILL");
    await writer.exited;
    const before = [live, `${live}-wal`].map((file) => readFileSync(file));
    expect(await idsIn(live, "--status", "stopped")).toEqual(["live"]);
    expect(await idsIn(live, "--status", "running")).toEqual([]);
    expect((await run(["list", live])).out).toContain("  stopped  ");
    expect([live, `${live}-wal`].map((file) => readFileSync(file))).toEqual(before);
  });

  it("fits a narrow terminal", async () => {
    const { out } = await run(["list", path], 40);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(out).toContain("  failed · 2 agents · 1 turn · 1 call\n  0 cells · tokens unknown · 1 failed\n");
  });

  it("chooses by start and by status", async () => {
    expect(await ids("--since", "2023-11-15")).toEqual(["third\u001b[31m", "second"]);
    expect(await ids("--since", "2023-11-14T22:13Z", "--status", "failed")).toEqual(["first"]);
    expect(await ids("--since", "1h")).toEqual([]);
    expect((await run(["list", path, "--since", "1h"])).out).toBe("no rollouts\n");
    expect(await run(["list", path, "--since", "yesterday"])).toMatchObject({ code: 2, out: "" });
  });

  it("gives unknown numbers as null in JSON, not as zero", async () => {
    const { out } = await run(["list", path, "--json"]);
    const { rollouts, not_counted } = JSON.parse(out) as {
      rollouts: { tokens: unknown }[];
      not_counted: string[];
    };
    expect(rollouts.map(({ tokens }) => tokens)).toEqual([null, null, null]);
    expect(not_counted).toEqual(["diagnostics", "findings"]);
  });

  it("says of a time that nobody recorded that it is unknown", async () => {
    const spans = join(folder, "spans.json");
    const attributes = [{ key: "gen_ai.operation.name", value: { stringValue: "invoke_agent" } }];
    const span = { traceId: "1".repeat(32), spanId: "2".repeat(16), name: "agent", attributes };
    writeFileSync(spans, JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
    const timeless = join(folder, "timeless.db");
    expect(await run(["import", spans, "--store", timeless])).toMatchObject({ code: 0 });
    expect((await run(["list", timeless])).out).toMatch(/\ntime unknown +completed +- +1 /);
    for (const source of [spans, timeless]) {
      const { out } = await run(["show", source]);
      expect(out).toMatch(/\ntime unknown · 1 agent[^]*\/root  completed  tokens unknown\n/);
      expect(out).not.toContain("1970");
    }
  });

  it("refuses what is no store", async () => {
    expect(await run(["list", smallBundle(folder)])).toMatchObject({
      code: 3,
      err: expect.stringContaining("`show`"),
    });
  });

  it("lists 10 000 rollouts for little more than reading their events' types takes", async () => {
    const many = join(folder, "many.db");
    storeOfManyRollouts(many, 10_000);
    const database = new Database(many, { readonly: true });
    const types = database.prepare("SELECT rollout, time_unix_us, type FROM events");
    const [ours, bare]: [number[], number[]] = [[], []];
    // What others do on the machine makes either slower, never faster: the least of each counts.
    do {
      let before = process.threadCpuUsage();
      const { code, out } = await run(["list", many]);
      ours.push(usedSince(before));
      expect({ code, lines: out.trim().split("\n").length }).toEqual({ code: 0, lines: 10_003 });
      before = process.threadCpuUsage();
      expect(types.all().length).toBeGreaterThan(80_000);
      bare.push(usedSince(before));
    } while (Math.min(...ours) > MOST_BARE * Math.min(...bare) && ours.length < TRIES);
    database.close();
    expect(Math.min(...ours) / Math.min(...bare)).toBeLessThanOrEqual(MOST_BARE);
  }, 120_000);
});

/** Listing counts in SQL and prints; it was a little over the same time as reading. */
const MOST_BARE = 3;
const TRIES = 10;

/** Microseconds of this thread's processor time. */
function usedSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
