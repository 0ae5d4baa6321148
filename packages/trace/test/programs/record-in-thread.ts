/** Records a number of events and ends; runs as a worker thread, whose stdin would keep it. */
import { openTraceStore } from "@rollout-trace/trace";

const [path = "", rolloutId = "", count = "0"] = process.argv.slice(2);
const store = openTraceStore({ path });
const root = store.startRollout({ rolloutId });
for (let number = 0; number < Number(count); number += 1) root.protocolEvent("x", () => ({ number }));
store.close();
