/**
 * Records for ever and prints the `seq` of the last recorded event after every call, so that a parent that kills it knows
 * what had been acknowledged.
 */
import { writeSync } from "node:fs";
import { type Durability, openTraceStore } from "@rollout-trace/trace";

const [path = "", rolloutId = "", durability = "process"] = process.argv.slice(2);
const store = openTraceStore({ path, durability: durability as Durability });
const root = store.startRollout({ rolloutId });
const input: string[] = [];
for (let number = 0; ; number += 1) {
  input.push(`item ${number} ${"of some length ".repeat(10)}`);
  root.protocolEvent("request", () => ({ number, input }));
  writeSync(1, `${root.lastSeq}\n`);
}
