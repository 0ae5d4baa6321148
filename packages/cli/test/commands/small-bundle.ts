/** A small recording whose every byte is known. */
import { join } from "node:path";
import { BundleBuilder, ROOT } from "../sources/bundle-builder.ts";

/** One turn: a question, a tool call, its output, an answer. Gives the path. */
export function smallBundle(folder: string, answer = "It is sunny."): string {
  const bundle = new BundleBuilder(join(folder, "bundle"));
  const question = {
    type: "message",
    role: "user",
    id: "msg_1",
    content: [{ type: "input_text", text: "How is it?" }],
  };
  const call = {
    type: "function_call",
    id: "fc_1",
    call_id: "call_1",
    name: "look",
    arguments: '{"at":"sky"}',
  };
  const output = { type: "function_call_output", id: "fco_1", call_id: "call_1", output: "sun" };
  const message = {
    type: "message",
    role: "assistant",
    id: "msg_2",
    content: [{ type: "output_text", text: answer }],
  };
  const request = (id: string, input: readonly object[]) => ({
    type: "inference_started",
    inference_call_id: id,
    thread_id: ROOT,
    codex_turn_id: "turn-1",
    model: "m",
    provider_name: "p",
    request_payload: bundle.payload("inference_request", { input }),
  });
  const response = (id: string, items: readonly object[]) => ({
    type: "inference_completed",
    inference_call_id: id,
    response_id: `resp-${id}`,
    response_payload: bundle.payload("inference_response", {
      output_items: items,
      token_usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
    }),
  });
  return bundle
    .event({ type: "rollout_started", trace_id: "trace", root_thread_id: ROOT }, { thread: null, turn: null })
    .event({ type: "thread_started", thread_id: ROOT, agent_path: "/root" }, { turn: null })
    .event({ type: "codex_turn_started", codex_turn_id: "turn-1", thread_id: ROOT })
    .event(request("i1", [question]))
    .event(response("i1", [call]))
    .event({
      type: "tool_call_started",
      tool_call_id: "call_1",
      model_visible_call_id: "call_1",
      requester: { type: "model" },
      kind: { type: "other", name: "look" },
      summary: { label: "look", input_preview: '{"at":"sky"}' },
    })
    .event({
      type: "tool_call_ended",
      tool_call_id: "call_1",
      status: "completed",
      result_payload: bundle.payload("tool_result", { type: "direct_response", response_item: output }),
    })
    .event(request("i2", [question, call, output]))
    .event(response("i2", [message]))
    .event({ type: "codex_turn_ended", codex_turn_id: "turn-1", status: "completed" })
    .event({ type: "thread_ended", thread_id: ROOT, status: "completed" }, { turn: null })
    .event({ type: "rollout_ended", status: "completed" }, { thread: null, turn: null })
    .event({ type: "recording_completed" }, { thread: null, turn: null })
    .write();
}
