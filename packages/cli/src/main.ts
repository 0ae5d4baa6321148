#!/usr/bin/env node
/** `rollout-trace`. */
import { processIo } from "./io.ts";
import { runCli } from "./program.ts";

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 3);
});
process.exitCode = runCli(process.argv.slice(2), processIo());
