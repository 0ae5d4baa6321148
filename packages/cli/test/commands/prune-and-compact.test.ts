import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTraceStore, verifyStore } from "@rollout-trace/trace";
import { Running } from "./cli-process.ts";
import { run } from "./run.ts";

const WRITER = resolve(import.meta.dirname, "step-writer.ts");

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prune-"));
  path = join(folder, "s.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Rollouts of so many days ago, each with a large request of its own. */
function storeOf(daysAgo: readonly number[]): void {
  let now = 0;
  const store = openTraceStore({ path, clock: () => (now += 1), durability: "batch" });
  for (const days of daysAgo) {
    now = (Date.now() - days * 86_400_000) * 1_000;
    const root = store.startRollout({ rolloutId: `ago-${days}` });
    const input = [`${days} days ago `.repeat(8_000)];
    const request = { model: "m", provider: "p", dialect: "openai_responses" } as const;
    root.startTurn().startInference({ ...request, request: () => ({ input }) });
    root.endRollout();
  }
  store.close();
}

async function listed(): Promise<readonly string[]> {
  const { out } = await run(["list", path, "--json"]);
  const { rollouts } = JSON.parse(out) as { readonly rollouts: readonly { readonly rollout_id: string }[] };
  return rollouts.map(({ rollout_id: id }) => id);
}

describe("prune", () => {
  it("removes what is older than it was told, and compact then gives the space back", async () => {
    storeOf([40, 35, 3, 1]);
    const before = statSync(path).size;
    const dry = await run(["prune", path, "--older-than", "30d", "--dry-run"]);
    expect(dry).toMatchObject({ code: 0, err: "" });
    expect(dry.out).toMatch(/would go .*ago-40\nwould go .*ago-35\n.*2 rollouts and 2 chunks .* would go\n$/);
    expect(await listed()).toEqual(["ago-1", "ago-3", "ago-35", "ago-40"]);
    const pruned = await run(["prune", path, "--older-than", "30d"]);
    expect(pruned).toMatchObject({ code: 0, err: "" });
    expect(pruned.out).toMatch(/^\S+: 2 rollouts and 2 chunks \(.*\) removed\n$/);
    expect(await listed()).toEqual(["ago-1", "ago-3"]);
    const compacted = JSON.parse((await run(["compact", path, "--json"])).out) as object;
    expect(compacted).toMatchObject({ compressed_chunks: 2, vacuumed: true, recording: 0 });
    expect(statSync(path).size).toBeLessThan(before / 3);
    expect(verifyStore(path)).toMatchObject({ ok: true, counts: {} });
  });

  it("leaves what another process records, says so, and that process goes on; compact does not rewrite its file", async () => {
    const writer = new Running([WRITER, path]);
    try {
      await writer.printed(/start done/);
      const pruned = await run(["prune", path, "--older-than", "0m"]);
      expect(pruned.out).toMatch(
        /^left .*live: it is being recorded\n.*: 0 rollouts and 0 chunks .* removed\n$/,
      );
      expect(await run(["compact", path])).toMatchObject({
        code: 0,
        err: expect.stringMatching(/a rollout is being recorded, so the file was not made shorter/),
      });
      writer.type("turn\n");
      await writer.printed(/turn done/);
      writer.type("end\n");
      expect(await writer.exited).toMatchObject({ code: 0, err: "" });
    } finally {
      writer.signal("SIGKILL");
    }
    expect(verifyStore(path)).toMatchObject({ ok: true, counts: {} });
    const last = await run(["prune", path, "--older-than", "0m", "--json"]);
    expect(JSON.parse(last.out)).toMatchObject({ removed: [{ rollout_id: "live" }], left: [] });
  });

  it.each([
    [["prune", "s.db"], 2, /older-than/],
    [["prune", "s.db", "--older-than", "soon"], 2, /12h/],
    [["prune", "s.db", "--older-than", "2999-01-01"], 2, /future/],
    [["prune", "none.db", "--older-than", "1d"], 3, /none\.db/],
    [["compact", "none.db"], 3, /none\.db/],
  ])("%j is exit code %i and a message", async (args, code, message) => {
    storeOf([1]);
    const inFolder = args.map((arg) => (arg.endsWith(".db") ? join(folder, arg) : arg));
    const ran = await run(inFolder);
    expect({ code: ran.code, out: ran.out }).toEqual({ code, out: "" });
    expect(ran.err).toMatch(message);
  });
});
