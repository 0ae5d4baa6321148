/** The process that replays run in: answers each request with what came of it, and ends when nobody is left to ask. */
import { replayCell, type ReplayRequest } from "@rollout-trace/runtime";

process.on("message", (request) => {
  replayCell(request as ReplayRequest).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
