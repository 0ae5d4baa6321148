/** What each export makes of one small store, in a form that a person can read. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../commands/run.ts";
import { smallStore } from "../commands/small-store.ts";
import { pageBlocks } from "./page-blocks.ts";
import { readTrace, traceText, violations } from "./perfetto-reader.ts";

const GOLDEN = resolve(import.meta.dirname, "../../../../fixtures/cli");

let folder: string;
let store: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "export-golden-"));
  store = smallStore(join(folder, "session.db"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function exported(format: string): Promise<Buffer> {
  const file = join(folder, format);
  const args = ["export", store, "--rollout", "weather", `--${format}`, "-o", file];
  expect(await run(args)).toEqual({ code: 0, out: "", err: "" });
  return readFileSync(file);
}

/** Every recording has a trace id of its own, and its own place on the disk. */
function stable(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "…")
    .replaceAll(folder, "…");
}

describe("the export as", () => {
  it.each(["ndjson", "mermaid"])("%s is what its golden file holds", async (format) => {
    const text = (await exported(format)).toString();
    await expect(stable(text)).toMatchFileSnapshot(join(GOLDEN, `export-${format}.txt`));
    expect(await run(["export", store, "--rollout", "weather", `--${format}`])).toEqual({
      code: 0,
      out: text,
      err: "",
    });
  });

  it("perfetto is what its golden file holds", async () => {
    const packets = readTrace(await exported("perfetto"));
    expect(violations(packets)).toEqual([]);
    await expect(stable(traceText(packets))).toMatchFileSnapshot(join(GOLDEN, "export-perfetto.txt"));
  });

  it("html holds in its blocks what its golden file holds", async () => {
    const { index, details, events } = pageBlocks((await exported("html")).toString());
    const lines = [
      ...Object.entries(index).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
      ...details.map((detail, node) => `details ${node} ${JSON.stringify(detail)}`),
      ...events.map((event) => `event ${JSON.stringify(event)}`),
    ];
    await expect(stable(`${lines.join("\n")}\n`)).toMatchFileSnapshot(join(GOLDEN, "export-html.txt"));
  });
});
