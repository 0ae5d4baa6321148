/** Runs what docs/cli.md shows. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { smallStore } from "./small-store.ts";

const PAGE = readFileSync(resolve(import.meta.dirname, "../../../../docs/cli.md"), "utf8");
const EXAMPLES = [...PAGE.matchAll(/```console\n\$ rollout-trace (.*)\n([^]*?)```/g)].map(
  ([, line = "", shown = ""]) => [line, shown] as const,
);

let folder: string;
let before: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "docs-"));
  smallStore(join(folder, "session.db"));
  smallStore(join(folder, "other.db"), { answer: "雨 ☔ in 東京." });
  before = process.cwd();
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

describe("docs/cli.md", () => {
  it.each(EXAMPLES)("shows what `rollout-trace %s` prints", async (line, shown) => {
    const { out, err } = await run(line.split(" "));
    // A recording has a trace id of its own, so the digest of its graph is another one each time.
    const stable = (out + err)
      .replaceAll(/digest [0-9a-f]{64}/g, "digest …")
      // The file also says which process wrote it, at some length.
      .replaceAll(/[\d.]+ kB → [\d.]+ kB/g, "… kB → … kB");
    expect(stable).toBe(shown);
  });

  it("has an example and the exit codes of every command that the help lists", async () => {
    const { out } = await run(["--help"]);
    const listed = [...out.matchAll(/^ {2}([a-z]+) (?:\[options\] )?</gm)].map(([, name]) => name);
    const sections = PAGE.split("\n## ").slice(1);
    const documented = sections.map((section) => section.split(":")[0]);
    expect(listed.length).toBeGreaterThan(7);
    expect(new Set(documented)).toEqual(new Set(listed));
    expect(
      sections.filter((section) => !/Exit codes? 0/.test(section) || !section.includes("```console")),
    ).toEqual([]);
  });
});
