/** Records a number of events as soon as stdin says so, and prints the longest call in milliseconds. */
import { once } from "node:events";
import { openTraceStore } from "@rollout-trace/trace";

const [path = "", rolloutId = "", count = "0"] = process.argv.slice(2);
const store = openTraceStore({ path });
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.destroy();
const root = store.startRollout({ rolloutId });
let longest = 0;
for (let number = 0; number < Number(count); number += 1) {
  const began = performance.now();
  root.protocolEvent("x", () => ({ number, input: [`shared by all writers ${"x".repeat(100)} ${number}`] }));
  longest = Math.max(longest, performance.now() - began);
}
store.close();
process.stdout.write(`${JSON.stringify({ longest, counts: store.counts })}\n`);
