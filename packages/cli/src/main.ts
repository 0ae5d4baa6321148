#!/usr/bin/env node
/** `rollout-trace`. */
import { EXIT } from "./errors.ts";
import { processIo } from "./io.ts";
import { runCli } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head`) is no failure.
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  process.stderr.write(`rollout-trace: the output cannot be written: ${error.message}\n`);
  process.exit(EXIT.unreadable);
});
// Whoever took stderr away wants no diagnostics.
process.stderr.on("error", () => undefined);
process.exitCode = await runCli(process.argv.slice(2), processIo());
