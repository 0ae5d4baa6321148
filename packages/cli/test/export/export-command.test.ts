import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chalk } from "chalk";
import { CliError, type CommandIo, processIo } from "@rollout-trace/cli";
import { openTraceStore } from "@rollout-trace/trace";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "../commands/run.ts";
import { exportCommand, type ExportCommandOptions } from "../../src/commands/export.ts";
import { BundleBuilder, ROOT } from "../sources/bundle-builder.ts";
import { TranscriptBuilder } from "../sources/claude-code/transcript-builder.ts";

let folder: string;
let bundle: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "export-command-"));
  bundle = new BundleBuilder(join(folder, "in"))
    .event({ type: "rollout_started", trace_id: "trace", root_thread_id: ROOT }, { thread: null, turn: null })
    .event({ type: "thread_started", thread_id: ROOT, agent_path: "/root" }, { turn: null })
    .event({ type: "recording_completed" }, { thread: null, turn: null })
    .write();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("rollout-trace export", () => {
  it("writes a bundle that the command reads again, and says what it wrote on stderr", async () => {
    const out = join(folder, "out");
    expect(await run(["export", bundle, "--bundle", out, "--bundle-version", "2"])).toEqual({
      code: 0,
      out: "",
      err: `${out}: Codex trace bundle, version 2, events 3, payloads 1\n`,
    });
    const [before, after] = [await run(["reduce", bundle]), await run(["reduce", out])];
    expect(after.out).toBe(before.out);
  });

  it("ends with 1 and says so when something had to be left out", async () => {
    writeFileSync(join(bundle, "trace.jsonl"), '{"torn', { flag: "a" });
    const ran = await run(["export", bundle, "--bundle", join(folder, "out")]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/left out: .*trace\.jsonl:4.*cut off/);
  });

  it("asks for a version that there is, and for a folder that is not there yet", async () => {
    const wrong = await run(["export", bundle, "--bundle", join(folder, "out"), "--bundle-version", "3"]);
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("must be 1 or 2") });
    const taken = await run(["export", bundle, "--bundle", bundle]);
    expect(taken).toMatchObject({ code: 3, err: expect.stringContaining("is already there") });
  });

  it("of what bundles have no words for says which source, why and what to do, with exit code 1", async () => {
    const log = new TranscriptBuilder().user("hello").text("m1", "hi").write(folder, "log.jsonl");
    const out = join(folder, "out");
    const { code, err } = await run(["export", log, "--bundle", out]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^rollout-trace: \S*log\.jsonl: cannot be a Codex trace bundle: event \d+: .* anthropic_messages.*; choose .*--ndjson/,
    );
    expect(existsSync(out)).toBe(false);
  });

  it("ends with 1 when a picture cannot hold everything, wherever the picture goes", async () => {
    const store = longSession();
    const file = join(folder, "picture.mmd");
    for (const args of [[], ["-o", file]]) {
      const { code, err } = await run(["export", store, "--mermaid", ...args]);
      expect({ code, err }).toEqual({
        code: 1,
        err: expect.stringMatching(/long\.db: left out: 500 of 800 steps of turns/),
      });
    }
    expect(statSync(file).size).toBeGreaterThan(1_000);
  });

  /** More turns than a picture holds. */
  function longSession(): string {
    const path = join(folder, "long.db");
    const store = openTraceStore({ path, durability: "batch" });
    const root = store.startRollout({ rolloutId: "long" });
    for (let number = 0; number < 400; number += 1) root.startTurn().end();
    root.endRollout();
    store.close();
    return path;
  }

  /** What a program is told with `json`. */
  async function answer(options: ExportCommandOptions): Promise<object> {
    let out = "";
    const io: CommandIo = {
      ...processIo(),
      colour: new Chalk({ level: 0 }),
      columns: null,
      out: (text) => void (out += text),
      err: () => undefined,
    };
    const code = await exportCommand(
      options.from === undefined ? bundle : longSession(),
      { ...options, json: true },
      io,
    );
    return { code, ...(JSON.parse(out) as object) };
  }

  it("tells a program what was written where, and what was left out", async () => {
    const [folderOut, file] = [join(folder, "out"), join(folder, "file")];
    writeFileSync(join(bundle, "trace.jsonl"), '{"torn', { flag: "a" });
    expect(await answer({ bundle: folderOut })).toEqual({
      code: 1,
      format: "bundle",
      output: folderOut,
      counts: { version: 1, events: 3, payloads: 2 },
      left_out: [expect.stringMatching(/trace\.jsonl:4.*cut off/)],
    });
    expect(await answer({ ndjson: true, output: file })).toEqual({
      code: 1,
      format: "ndjson",
      output: file,
      counts: { events: 3, bytes: statSync(file).size },
      left_out: [expect.stringMatching(/trace\.jsonl:4.*cut off/)],
    });
    for (const format of ["html", "perfetto", "otlp"] as const) {
      expect(await answer({ [format]: true, output: file })).toEqual({
        code: 0,
        format,
        output: file,
        counts: { agents: 1, turns: 0, requests: 0, calls: 0, cells: 0, bytes: statSync(file).size },
        left_out: [],
      });
    }
    expect(await answer({ mermaid: true, output: file, from: "store" })).toMatchObject({
      code: 1,
      counts: { turns: 400, bytes: statSync(file).size },
      left_out: [expect.stringMatching(/steps of turns/)],
    });
  });

  it("does not mix what it tells a program with an export that goes to stdout", async () => {
    await expect(answer({ ndjson: true })).rejects.toThrow(CliError);
    await expect(answer({ ndjson: true })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/stdout takes the export itself; .*-o/) as unknown,
    });
  });
});
