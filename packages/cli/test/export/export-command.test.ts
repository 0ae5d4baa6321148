import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "../commands/run.ts";
import { BundleBuilder, ROOT } from "../sources/bundle-builder.ts";

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
});
