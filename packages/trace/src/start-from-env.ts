/** Recording that is switched on from outside the program. */
import { openTraceStore, type TraceStore } from "./open-store.ts";
import { disabledThreadTrace } from "./recorder/disabled.ts";
import type { ThreadTrace } from "./recorder/handles.ts";
import type { StartRolloutOptions } from "./recorder/start-rollout.ts";
import { messageOf } from "./trace-store-error.ts";

/** One store for each path that the environment has named: rollouts of one process share a connection. */
const stores: Map<string, TraceStore> = new Map();

/**
 * Starts recording a rollout in the store that `ROLLOUT_TRACE_DB` names, or, without it, gives a handle with nothing behind
 * it. Never throws. The store stays open for as long as the process runs and does not keep it running.
 */
export function startRolloutFromEnv(options: StartRolloutOptions = {}): ThreadTrace {
  const path = process.env["ROLLOUT_TRACE_DB"];
  if (path === undefined || path === "") return disabledThreadTrace();
  try {
    let store = stores.get(path);
    if (store === undefined) stores.set(path, (store = openTraceStore({ path })));
    return store.startRollout(options);
  } catch (error) {
    process.emitWarning(`ROLLOUT_TRACE_DB is no store that can be recorded to: ${messageOf(error)}`, {
      type: "TraceStoreWarning",
    });
    return disabledThreadTrace();
  }
}
