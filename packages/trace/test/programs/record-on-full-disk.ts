/**
 * Records until writing fails, says so, waits for stdin and goes on until writing works again. Prints what the host noticed:
 * the codes of the errors, and that the work it wrapped gave its own results.
 */
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { openTraceStore } from "@rollout-trace/trace";

const codes: string[] = [];
const store = openTraceStore({ path: process.argv[2] ?? "", onError: ({ code }) => codes.push(code) });
const turn = store.startRollout({ rolloutId: "r" }).startTurn();
let calls = 0;
let results = 0;
const work = (): void => {
  calls += 1;
  results += turn.traceTool(
    { kind: { type: "web" }, item: () => randomBytes(300_000).toString("hex") },
    () => 1,
  );
};
while (codes.length === 0 && calls < 1000) work();
for (let more = 0; more < 60; more += 1) work();
process.stdout.write("full\n");
await once(process.stdin, "data");
process.stdin.destroy();
const deadline = performance.now() + 10_000;
while (!store.flush() && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
turn.end();
store.close();
process.stdout.write(
  `${JSON.stringify({ codes, sameResults: results === calls, calls, counts: store.counts })}\n`,
);
