/** What is said instead of a message that is longer than a frame may be. One operation, call or item is lost, and says so. */
import type { RuntimeResponse } from "@rollout-trace/protocol";
import type { HostMessage } from "../wire/host-messages.ts";

/** Null when the message is not sent at all. `text` says how large it was. */
export function oversizedMessage(message: HostMessage, text: string): HostMessage | null {
  switch (message.type) {
    case "response":
      return {
        type: "response",
        id: message.id,
        result: { ok: false, error: { code: "limit", message: text } },
      };
    case "event":
      return { ...message, event: withoutBulk(message.event, text) };
    default:
      return null;
  }
}

type Event = Extract<HostMessage, { type: "event" }>["event"];

function withoutBulk(event: Event, text: string): Event {
  switch (event.type) {
    case "cell_started":
      return { ...event, source: `// ${text}` };
    case "cell_initial_response":
      return { ...event, response: emptied(event.response, text) };
    case "cell_ended":
      return { ...event, response: emptied(event.response, text) };
    case "wait_ended":
      return { ...event, response: event.response === null ? null : emptied(event.response, text) };
    case "nested_call_started": {
      const { input: _, ...call } = event.call;
      return { ...event, call };
    }
    case "nested_call_ended":
      return { ...event, result: { type: "error", error: text } };
    case "notification":
      return { ...event, text };
    default:
      return event;
  }
}

function emptied(response: RuntimeResponse, text: string): RuntimeResponse {
  return { ...response, contentItems: [], errorText: `the output was left out: ${text}` };
}
