/** `record-and-measure.ts PATH EVENTS`: records so many events and prints how large the file is then, before the store is closed. */
import { statSync } from "node:fs";
import { openTraceStore } from "@rollout-trace/trace";

const [, , path = "", events] = process.argv;
const store = openTraceStore({ path });
const root = store.startRollout();
for (let number = 0; number < Number(events); number += 1) root.protocolEvent("x", () => ({ number }));
process.stdout.write(String(statSync(path).size));
store.close();
