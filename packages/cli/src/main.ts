#!/usr/bin/env node
/** `rollout-trace`. */
import { enableCompileCache } from "node:module";

// What is imported from here on is compiled once, and not at each start.
enableCompileCache();
const { EXIT } = await import("./errors.ts");

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head`) is no failure.
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  process.stderr.write(`rollout-trace: the output cannot be written: ${error.message}\n`);
  process.exit(EXIT.unreadable);
});
// Whoever took stderr away wants no diagnostics.
process.stderr.on("error", () => undefined);
const { processIo } = await import("./io.ts");
const { runCli } = await import("./program.ts");
const { stopYoungGrowth } = await import("./young-generation.ts");
process.exitCode = await runCli(process.argv.slice(2), { ...processIo(), atWork: stopYoungGrowth });
