/** What each command prints of one small store: on a narrow terminal, on a wide one with colours, and without a terminal. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { smallStore } from "./small-store.ts";

const GOLDEN = resolve(import.meta.dirname, "../../../../fixtures/cli");

let folder: string;
let before: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "golden-"));
  smallStore(join(folder, "session.db"));
  smallStore(join(folder, "other.db"), { answer: "雨 ☔ in 東京." });
  before = process.cwd();
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const TERMINALS = [
  ["narrow", { columns: 40, isColoured: false }],
  ["wide", { columns: 120, isColoured: true }],
  ["none", { columns: null, isColoured: false }],
] as const;

const COMMANDS = [
  ["show", 0, ["show", "session.db", "--rollout", "weather"]],
  ["explain", 0, ["explain", "session.db", "cell 1", "--rollout", "weather"]],
  ["why", 0, ["why", "session.db", "request-3", "--rollout", "weather"]],
  ["diff", 1, ["diff", "session.db", "other.db", "--rollout", "weather", "--ignore", "times,ids"]],
  ["list", 0, ["list", "session.db"]],
  ["tail", 0, ["tail", "session.db", "--rollout", "weather"]],
] as const;

describe.each(TERMINALS)("on a terminal that is %s", (terminal, { columns, isColoured }) => {
  it.each(COMMANDS)("%s prints what its golden file holds", async (name, code, args) => {
    const ran = await run(args, columns, isColoured);
    expect(ran.code).toBe(code);
    await expect(ran.out).toMatchFileSnapshot(join(GOLDEN, `${name}.${terminal}.txt`));
    const widest = Math.max(...ran.out.split("\n").map((line) => stringWidth(line)));
    expect(widest).toBeLessThanOrEqual(columns ?? Number.POSITIVE_INFINITY);
  });
});

describe("verify", () => {
  it.each(TERMINALS)(
    "prints its golden file on a terminal that is %s, but for the digest",
    async (terminal, options) => {
      // Every recording has a trace id of its own, and the graph holds it.
      const ran = await run(["verify", "session.db"], options.columns, options.isColoured);
      expect(ran.code).toBe(0);
      const out = ran.out.replaceAll(/digest [0-9a-f]+/g, "digest …");
      await expect(out).toMatchFileSnapshot(join(GOLDEN, `verify.${terminal}.txt`));
    },
  );
});
