/** What a client has to know of a session that nobody observes: which cells and waits begin and end, and nothing else. */
import type { CodeModeEvent } from "@rollout-trace/protocol";

/** Null for what it is not told at all. */
export function unobserved(event: CodeModeEvent): CodeModeEvent | null {
  switch (event.type) {
    case "cell_started":
      return { ...event, source: "" };
    case "cell_ended":
      return { ...event, response: { ...event.response, contentItems: [] }, journal: null };
    case "wait_ended":
      return { ...event, response: null };
    case "wait_started":
      return event;
    default:
      return null;
  }
}
