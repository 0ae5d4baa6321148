import { join } from "node:path";
import { defineConfig } from "vitest/config";

const source = { conditions: ["rollout-trace-source"] };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./scripts/plain-summary-reporter.ts"],
    testTimeout: 30_000,
    execArgv: ["--conditions=rollout-trace-source"],
    // Hundreds of processes that tests start compile the same sources.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/node-compile") },
  },
});
