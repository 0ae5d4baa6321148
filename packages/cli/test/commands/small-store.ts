/** A small store whose ids and times are known: a root agent with a cell, and an agent that it spawns. */
import { openTraceStore, type TurnTrace } from "@rollout-trace/trace";

const message = (role: string, text: string): object => ({
  type: "message",
  role,
  content: [{ type: role === "assistant" ? "output_text" : "input_text", text }],
});

export interface SmallStoreOptions {
  /** What the root says last. */
  readonly answer?: string;
}

/** Two rollouts: `weather`, and `aborted`, which is empty. Gives the path. */
export function smallStore(
  path: string,
  { answer = "晴れ ☀️ in 東京: 21 °C." }: SmallStoreOptions = {},
): string {
  let now = 1_750_000_000_000_000;
  const store = openTraceStore({ path, clock: () => (now += 1_500) });
  store.startRollout({ rolloutId: "aborted", rootThread: { threadId: "thread-0" } }).endRollout("aborted");
  const root = store.startRollout({
    rolloutId: "weather",
    rootThread: { threadId: "thread-1", agentPath: "/root", model: "model-1" },
    host: { name: "example-host", version: "1.0.0" },
  });
  const turn = root.startTurn({ turnId: "turn-1" });
  const history: object[] = [message("user", "How is the weather in 東京?")];
  ask(turn, "request-1", history, [
    { type: "custom_tool_call", call_id: "call_exec", name: "exec", input: SCRIPT },
  ]);
  const exec = turn.startToolCall({
    toolCallId: "exec-1",
    kind: { type: "code_cell_exec" },
    modelVisibleCallId: "call_exec",
    inputPreview: SCRIPT,
  });
  const cell = { cellId: "1" } as const;
  const observer = turn.codeModeObserver();
  observer.observe({ type: "cell_started", ...cell, toolCallId: "call_exec", source: SCRIPT });
  turn
    .startToolCall({
      toolCallId: "nested-1",
      kind: { type: "mcp", server: "weather", tool: "look_up" },
      requester: { type: "code_cell", runtime_cell_id: "1" as never },
      runtimeToolCallId: "tool-1",
      inputPreview: '{"city":"東京"}',
    })
    .ended({ result: () => ({ type: "code_mode", value: { degrees: 21 } }) });
  const response = {
    type: "result",
    cellId: "1",
    contentItems: [{ type: "input_text", text: "21" }],
  } as const;
  observer.observe({ type: "cell_ended", ...cell, status: "completed", response, journal: null });
  observer.observe({ type: "cell_initial_response", ...cell, status: "completed", response });
  const output = { type: "custom_tool_call_output", call_id: "call_exec", output: "21" };
  exec.ended({ result: () => ({ type: "direct", item: output }) });
  history.push(output);
  ask(turn, "request-2", history, [
    { type: "function_call", call_id: "call_spawn", name: "spawn_agent", arguments: '{"task":"check"}' },
  ]);
  const task = "Check the reading 👩‍🔬.";
  const spawn = turn.startToolCall({
    toolCallId: "spawn-1",
    kind: { type: "spawn_agent" },
    modelVisibleCallId: "call_spawn",
    inputPreview: '{"task":"check"}',
  });
  spawn.agentInteractionStarted({ kind: "spawn_agent", message: task });
  const child = root.startChildThread({
    threadId: "thread-2",
    agentPath: "/root/check",
    taskName: "check",
    model: "model-1",
  });
  spawn.agentInteractionEnded({ kind: "spawn_agent", targetThreadId: "thread-2", message: task });
  const spawned = { type: "function_call_output", call_id: "call_spawn", output: "started" };
  spawn.ended({ result: () => ({ type: "direct", item: spawned }) });
  const childTurn = child.startTurn({ turnId: "turn-2" });
  ask(childTurn, "request-3", [message("user", task)], [message("assistant", "It is right.")]);
  childTurn.end();
  child.agentResult({ message: "It is right.", edgeId: "result-1" });
  child.end();
  history.push(spawned, message("user", "It is right."));
  ask(turn, "request-4", history, [message("assistant", answer)]);
  turn.end();
  root.endRollout();
  store.close();
  return path;
}

const SCRIPT = 'const { degrees } = await tools.look_up({ city: "東京" });\ntext(degrees);';

/** A request with the whole history so far, and a response that goes into it. */
function ask(turn: TurnTrace, id: string, history: object[], items: readonly object[]): void {
  const input = [...history];
  turn
    .startInference({
      inferenceCallId: id,
      model: "model-1",
      provider: "provider-1",
      dialect: "openai_responses",
      request: () => ({ input }),
    })
    .completed({
      responseId: `response-${id}`,
      response: () => ({
        output_items: items,
        token_usage: {
          input_tokens: 20 * input.length,
          output_tokens: 8,
          total_tokens: 20 * input.length + 8,
        },
      }),
    });
  history.push(...items);
}
