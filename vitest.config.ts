import { join } from "node:path";
import { defineConfig } from "vitest/config";

const source = { conditions: ["rollout-trace-source"] };

/**
 * Files that leave their process as they found it: one process runs many of them, which otherwise load the same modules again for
 * each. Those that change or measure the process (its folder, environment, memory, globals, processor time) have one of their own,
 * and so has everything that is not listed.
 */
const TOGETHER = [
  "packages/protocol/test/**/*.test.ts",
  "packages/reducer/test/!(growth|hostile|long-texts|resuming).test.ts",
  "packages/cli/test/{causes,comparison,otlp,render}/**/*.test.ts",
  "packages/cli/test/sources/{claude-code,codex-log,otlp}/**/*.test.ts",
  "packages/cli/test/sources/*.test.ts",
  "packages/cli/test/sources/log/!(log-file).test.ts",
  "packages/cli/test/export/!(lanes|export-process).test.ts",
  "packages/cli/test/commands/!(docs|every-command|golden|list|process|progress|replay).test.ts",
  "packages/runtime/test/{cell,tools}/**/*.test.ts",
  "packages/trace/test/import/**/*.test.ts",
  "packages/trace/test/recorder/!(disabled|hostile-host).test.ts",
  "packages/trace/test/redact/!(redactor).test.ts",
  "packages/trace/test/store/!(checkpoint|faults|processes).test.ts",
  "test/{boundaries,fixtures}/**/*.test.ts",
  "test/corpus/!(claude-code|codex-logs|table).test.ts",
  "test/docs/!(samples).test.ts",
];

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    pool: "forks",
    // Of two cores: the files take little more than half of a core each, and wait for processes of theirs otherwise.
    maxWorkers: 3,
    reporters: ["default", "./scripts/plain-summary-reporter.ts"],
    testTimeout: 30_000,
    execArgv: ["--conditions=rollout-trace-source"],
    // Hundreds of processes that tests start compile the same sources.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/node-compile") },
    // In the order of their names: the long files are among the first.
    projects: [
      {
        extends: true,
        test: {
          name: "alone",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...TOGETHER],
        },
      },
      { extends: true, test: { name: "together", include: TOGETHER, isolate: false } },
    ],
  },
});
