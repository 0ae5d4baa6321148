/**
 * `record-and-compare-output.ts PATH EVENTS`: records so many events and says whether stdout and stderr are then open as they were:
 * `the same`, or their flags before and after.
 */
import { readFileSync, writeSync } from "node:fs";
import { openTraceStore } from "@rollout-trace/trace";

const flags = (): string =>
  [1, 2]
    .map((descriptor) => readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1").match(/flags:.*/)?.[0])
    .join();

const [, , path = "", events] = process.argv;
const before = flags();
const store = openTraceStore({ path });
const root = store.startRollout();
for (let number = 0; number < Number(events); number += 1) root.protocolEvent("x", () => ({ number }));
// Until the thread had its turn.
await new Promise((resolve) => setImmediate(resolve));
store.close();
writeSync(1, flags() === before ? "the same" : `${before} became ${flags()}`);
