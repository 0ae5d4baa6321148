/** Runs the demo and writes down the graph that its recording reduces to: `npm run fixtures`. Look at the difference. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDemo } from "../test/e2e/run-demo.ts";
import { DEMO_FIXTURE, stableDemo } from "../test/e2e/stable-demo.ts";

const folder = mkdtempSync(join(tmpdir(), "demo-"));
try {
  const storePath = join(folder, "demo.db");
  const { code, stderr } = await runDemo({ storePath });
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${stderr}`);
  writeFileSync(DEMO_FIXTURE, `${JSON.stringify(stableDemo(storePath), null, 1)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
