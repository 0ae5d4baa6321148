/** What the demo records, exported as a bundle: it reads back as the same session. Needs no corpus. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportCodexBundle, openSource } from "@rollout-trace/cli";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { runDemo } from "../e2e/run-demo.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "export-demo-"));
  const { code } = await runDemo({ storePath: join(folder, "demo.db") });
  if (code !== 0) throw new Error(`the demo ended with exit code ${code}`);
}, 30_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The graph with what a bundle names and measures differently left out: payload ids and the sizes of payloads. */
function comparable({ payloads: _payloads, ...graph }: RolloutGraph): object {
  return JSON.parse(JSON.stringify(graph).replaceAll(/"(p\d+|raw_payload:\d+)"/g, '"any"')) as object;
}

describe("the demo's recording", () => {
  it.each([1, 2] as const)("exported as a bundle of version %i reads back as the same graph", (version) => {
    using store = openSource(join(folder, "demo.db"), { rollout: "latest" });
    const path = join(folder, `bundle-${version}`);
    expect(exportCodexBundle(store.rollout, path, { version }).losses).toEqual([]);
    using bundle = openSource(path);
    const recorded = reduceRollout(store.rollout);
    expect(Object.keys(recorded.code_cells).length).toBeGreaterThan(3);
    expect(comparable(reduceRollout(bundle.rollout))).toEqual(comparable(recorded));
  });
});
