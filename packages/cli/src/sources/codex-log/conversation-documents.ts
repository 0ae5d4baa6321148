/** Items that a log tells in another form than a request has them. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";

function payloadOf(line: JsonValue): JsonObject {
  const payload = valueAt(line, ["payload"]);
  return isJsonObject(payload) ? payload : {};
}

/** A delivery between agents as the item that the recipient's model was shown. */
export function agentMessage(line: JsonValue): JsonValue {
  const { id, author = "", recipient = "", content, encrypted_content: encrypted } = payloadOf(line);
  const text = typeof content === "string" && content !== "" ? [{ type: "input_text", text: content }] : [];
  const encoded =
    typeof encrypted === "string" ? [{ type: "encrypted_content", encrypted_content: encrypted }] : [];
  const item = { type: "agent_message", author, recipient, content: [...text, ...encoded] };
  return typeof id === "string" ? { ...item, id } : item;
}

/** The summary of a compaction that tells nothing else. */
export function summaryMessage(line: JsonValue): JsonValue {
  const { message = "" } = payloadOf(line);
  return { type: "message", role: "user", content: [{ type: "input_text", text: message }] };
}
