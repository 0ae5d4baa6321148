import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTraceStore, verifyStore } from "@rollout-trace/trace";
import { exitOf, openStore, runProgram, temporaryPath } from "../support.ts";

function record(path: string, rolloutId = "r"): void {
  const store = openStore({ path });
  store.startRollout({ rolloutId }).protocolEvent("x", () => ({ text: "y".repeat(1000) }));
  store.close();
}

function readAll(path: string): readonly string[] {
  using store = readTraceStore(path);
  return store.rollouts().map(({ rolloutId }) => rolloutId);
}

/** What the program reads of a store as a user who may not write it. */
async function readAsNobody(path: string): Promise<unknown> {
  const child = runProgram("read-as-nobody", path);
  const output: string[] = [];
  child.stdout?.on("data", (data) => output.push(String(data)));
  expect(await exitOf(child)).toBe(0);
  return JSON.parse(output.join(""));
}

/** A copy of a store that is open, with what was recorded last beside the file, in a folder that nobody may write. */
function readOnlyCopy(path: string, files: readonly string[]): string {
  const folder = join(dirname(path), "read-only");
  mkdirSync(folder);
  for (const end of files) copyFileSync(`${path}${end}`, join(folder, `copy.db${end}`));
  for (const end of files) chmodSync(join(folder, `copy.db${end}`), 0o444);
  chmodSync(folder, 0o555);
  chmodSync(dirname(path), 0o755);
  return join(folder, "copy.db");
}

describe("reading a store", () => {
  it("changes nothing and leaves nothing beside it", () => {
    const path = temporaryPath();
    record(path);
    const [before, { mtimeMs }] = [readFileSync(path), statSync(path)];
    expect(readAll(path)).toEqual(["r"]);
    expect(verifyStore(path).ok).toBe(true);
    expect(readdirSync(dirname(path)).filter((name) => /-(?:wal|shm)$/.test(name))).toEqual([]);
    expect(readFileSync(path)).toEqual(before);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
  });

  it("sees what somebody else records meanwhile, whoever was first", () => {
    const path = temporaryPath();
    record(path, "first");
    using reader = readTraceStore(path);
    const store = openStore({ path });
    store.startRollout({ rolloutId: "second" });
    expect(reader.rollouts().map(({ rolloutId }) => rolloutId)).toEqual(["first", "second"]);
    expect(readAll(path)).toEqual(["first", "second"]);
    expect(existsSync(`${path}-wal`)).toBe(true);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "leaves nothing beside a file that may not be written, in a folder that may (as root only)",
    async () => {
      const path = temporaryPath();
      record(path);
      chmodSync(path, 0o444);
      chmodSync(dirname(path), 0o777);
      expect(await readAsNobody(path)).toEqual({ rollouts: ["r"], ok: true, old: ["r"], left: [] });
      expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    },
  );

  it.skipIf(process.getuid?.() !== 0)(
    "works in a folder that may not be written (as root only)",
    async () => {
      const path = temporaryPath();
      record(path);
      const copy = readOnlyCopy(path, [""]);
      expect(await readAsNobody(copy)).toEqual({ rollouts: ["r"], ok: true, old: ["r"], left: [] });
      expect(readdirSync(dirname(copy))).toEqual(["copy.db"]);
    },
  );

  it.skipIf(process.getuid?.() !== 0)(
    "works there also for what was recorded last and is not in the file yet (as root only)",
    async () => {
      const path = temporaryPath();
      record(path, "old");
      const store = openStore({ path });
      store.startRollout({ rolloutId: "new" });
      const copy = readOnlyCopy(path, ["", "-wal"]);
      expect(await readAsNobody(copy)).toEqual({
        rollouts: ["old", "new"],
        ok: true,
        old: ["old", "new"],
        left: [],
      });
      expect(readdirSync(dirname(copy)).toSorted()).toEqual(["copy.db", "copy.db-wal"]);
    },
  );
});
