/**
 * `reduce-peer-trial.ts TURNS`: a session of growing requests, recorded, exported as a bundle and reduced by Codex's own program
 * and by this project's command, each a whole process. Prints `{ownMs, codexMs, ownBytes, codexBytes}`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportCodexBundle, openSource } from "@rollout-trace/cli";
import { openTraceStore } from "@rollout-trace/trace";
import { codexFolder } from "./peers/install-peers.ts";
import { GrowingSession } from "./recorder-session.ts";

const turns = Number(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "reduce-peer-"));
const [store, bundle] = [join(folder, "trace.db"), join(folder, "bundle")];
record();
using source = openSource(store, {});
exportCodexBundle(source.rollout, bundle, { version: 2 });

// As it is published: what the program is written in is not read again each time.
const command = join(import.meta.dirname, "../../packages/cli/dist/main.js");
const own = join(folder, "own.json");
const ownMs = timed(process.execPath, [command, "reduce", bundle, "-o", own]);
const codexState = join(folder, "codex.json");
const codexArgs = ["debug", "trace-reduce", bundle, "--output", codexState];
const codexMs = timed(join(codexFolder() ?? "", "codex"), codexArgs);
process.stdout.write(
  JSON.stringify({ ownMs, codexMs, ownBytes: statSync(own).size, codexBytes: statSync(codexState).size }),
);
rmSync(folder, { recursive: true, force: true });

function record(): void {
  using traceStore = openTraceStore({ path: store, durability: "batch" });
  const root = traceStore.startRollout({ rootThread: { agentPath: "/root" } });
  const growing = new GrowingSession();
  for (let turn = 0; turn < turns; turn += 1) {
    const trace = root.startTurn();
    const start = { model: "model-1", provider: "p", dialect: "openai_responses" } as const;
    const inference = trace.startInference({ ...start, request: () => growing.request() });
    inference.completed({ response: () => growing.response() });
    trace.end();
  }
  root.endRollout();
}

function timed(program: string, args: readonly string[]): number {
  const began = performance.now();
  execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  return performance.now() - began;
}
