/** Records a rollout into a store, one step for each line that it is sent. Says `STEP done` after each. */
import { createInterface } from "node:readline";
import { openTraceStore } from "@rollout-trace/trace";

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: step-writer STORE");
const store = openTraceStore({ path });
const root = store.startRollout({ rolloutId: "live" });
console.log("start done");
for await (const step of createInterface({ input: process.stdin })) {
  if (step === "turn") root.startTurn({ turnId: `turn-${root.lastSeq}` });
  if (step === "end") root.endRollout();
  console.log(`${step} done`);
  if (step === "end") break;
}
store.close();
process.stdin.destroy();
