/** Reads a store as a user who may not write it, and prints what is in it and what it leaves in the temporary folder. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { pruneTraceStore, readTraceStore, verifyStore } from "@rollout-trace/trace";

const nobody = 65534;
if (process.getuid?.() === 0) process.setuid?.(nobody);
const copies = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("rollout-trace-store-"));
const before = new Set(copies());
const path = process.argv[2] ?? "";
const reader = readTraceStore(path);
const rollouts = reader.rollouts().map(({ rolloutId, traceId }) => {
  for (const record of reader.openRollout(traceId).events()) if (record.type === "problem") throw record;
  return rolloutId;
});
reader.close();
const { ok } = verifyStore(path);
const dry = pruneTraceStore(path, { beforeUs: Number.MAX_SAFE_INTEGER, dryRun: true });
const old = [...dry.removed, ...dry.left].map(({ rolloutId }) => rolloutId);
const left = copies().filter((name) => !before.has(name));
process.stdout.write(JSON.stringify({ rollouts, ok, old, left }));
