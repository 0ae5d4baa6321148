import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND, shell } from "./cli-process.ts";
import { CELLS, recordSession } from "./recorded-session.ts";
import { run } from "./run.ts";
import { smallStore } from "./small-store.ts";

let folder: string;
let session: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "replay-"));
  session = join(folder, "session.db");
  await recordSession(session);
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of the recording in which one text was replaced by another of the same length, in events and payloads. */
function tampered(name: string, from: string, to: string): string {
  const path = join(folder, name);
  copyFileSync(session, path);
  const database = new Database(path);
  const { changes } = database
    .prepare("UPDATE events SET body = replace(body, :from, :to) WHERE instr(body, :from)")
    .run({ from, to });
  const ropes = database
    .prepare<[], { rollout: number; ordinal: number; rope: Buffer }>("SELECT * FROM payloads")
    .all()
    .filter(({ rope }) => rope.includes(from));
  for (const { rollout, ordinal, rope } of ropes) {
    const edited = Buffer.from(rope.toString("latin1").replaceAll(from, to), "latin1");
    database
      .prepare("UPDATE payloads SET rope = ? WHERE rollout = ? AND ordinal = ?")
      .run(edited, rollout, ordinal);
  }
  database.close();
  expect(changes + ropes.length).toBeGreaterThan(0);
  return path;
}

async function replayed(path: string, cell: string, ...more: string[]): Promise<unknown> {
  const { code, out } = await run(["replay", path, cell, "--json", ...more]);
  return { code, ...(JSON.parse(out) as object) };
}

describe("replay", () => {
  it.each(Object.keys(CELLS))("of %s does what the recorded session did", async (callId) => {
    expect(await replayed(session, callId)).toEqual({
      code: 0,
      cell: expect.stringContaining(callId),
      same: true,
      divergence: null,
      notes: [],
    });
  });

  it("names the first call that a changed script makes otherwise, with its line", async () => {
    const path = tampered("script.db", "echo({ word })", "echo({ wort })".replace("wort", "w: 1"));
    expect(await run(["replay", path, "call_read"])).toEqual({
      code: 1,
      out: [
        "cell 2 (call_read) of /root",
        "behaves differently: another call, at line 6 of the script",
        '  - echo {"word":"alpha"}',
        '  + echo {"w":1}',
        "",
      ].join("\n"),
      err: "",
    });
  });

  it("names the output that a changed tool result changes first, though a call differs later", async () => {
    const path = tampered("result.db", '"words":["alpha","bravo"]', '"words":["alpha","zebra"]');
    expect(await replayed(path, "call_read")).toMatchObject({
      code: 1,
      same: false,
      divergence: {
        type: "output",
        number: 1,
        expected: { type: "input_text", text: "alpha-bravo" },
        actual: { type: "input_text", text: "alpha-zebra" },
      },
    });
  });

  it("tells a call too few from one too many, and another end", async () => {
    const fewer = tampered("fewer.db", "await tools.echo({ word })", "await     echo({ word })");
    expect(await replayed(fewer, "call_read")).toMatchObject({
      code: 1,
      divergence: { type: "call", expected: { toolName: { name: "echo" } }, actual: null },
    });
    const more = tampered("more.db", 'text(load(\\"total\\")); store(', "tools.echo({more: 1}); store(");
    expect(await replayed(more, "call_load")).toMatchObject({
      code: 1,
      divergence: { type: "call", expected: null, line: 1 },
    });
    const end = tampered("end.db", "await tools.none();", "                   ");
    expect(await replayed(end, "call_load")).toMatchObject({
      code: 1,
      divergence: {
        type: "end",
        expected: expect.stringMatching(/^failed: TypeError/),
        actual: "completed",
      },
    });
  });

  it("notes when what earlier cells stored is not known, because they behave differently themselves", async () => {
    const path = tampered("stored.db", "answers.length", "answers.size  ");
    expect(await replayed(path, "call_again")).toMatchObject({
      code: 1,
      notes: [1, 3].map((cell) => expect.stringContaining(`cell ${cell} behaves differently itself`)),
    });
  });

  it("takes the cell's tools from a file", async () => {
    const tools = join(folder, "tools.json");
    writeFileSync(tools, JSON.stringify([{ name: "read", toolName: { name: "read", namespace: "files" } }]));
    expect(await replayed(session, "call_read", "--tools", tools)).toMatchObject({
      code: 1,
      divergence: { type: "call", expected: { toolName: { name: "read" } }, actual: null },
    });
    writeFileSync(tools, "[{}]");
    expect(await run(["replay", session, "call_read", "--tools", tools])).toMatchObject({
      code: 2,
      err: expect.stringContaining("tools.json"),
    });
  });

  it("says that a cell without a journal cannot be run again, and what is no cell", async () => {
    const path = smallStore(join(folder, "small.db"));
    const small = ["--rollout", "weather"];
    expect(await run(["replay", path, "cell 1", ...small])).toEqual({
      code: 1,
      out: "",
      err: expect.stringMatching(
        /cell 1 \(call_exec\) of \/root cannot be run again: evidence missing: the journal/,
      ),
    });
    expect(await replayed(path, "cell 1", ...small)).toMatchObject({ code: 1, same: null });
    expect(await run(["replay", path, "nested-1", ...small])).toMatchObject({ code: 2, out: "" });
    expect(await run(["replay", path, "cell 9", ...small])).toMatchObject({ code: 2, out: "" });
  });

  it("is the only command that starts an isolate, and in another process", () => {
    const spy = join(folder, "spy.mjs");
    writeFileSync(
      spy,
      `process.on("exit", () => {
        const addons = process.report.getReport().sharedObjects.filter((file) => file.endsWith(".node"));
        process._rawDebug("addons " + addons.join());
      });`,
    );
    const spied = COMMAND.replace("--conditions", `--import ${spy} --conditions`);
    for (const args of [`show ${session}`, `replay ${session} call_again`]) {
      const { err } = shell(`${spied} ${args}`);
      expect(err).toMatch(/addons .*better-sqlite3/);
      expect(err).not.toMatch(/isolated/);
    }
  });
});
