/** Opens stores of every durability, records into them, and lets the process end by itself without closing anything. */
import { openTraceStore } from "@rollout-trace/trace";

for (const durability of ["process", "power", "batch"] as const) {
  const store = openTraceStore({ path: `${process.argv[2]}-${durability}`, durability, batchMs: 10_000 });
  store.startRollout({ rolloutId: "r" }).protocolEvent("x", () => 1);
}
