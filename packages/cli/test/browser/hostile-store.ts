/** A recording in which every text that a host, a model or a tool can choose is an attack on whoever shows it. */
import { openTraceStore, type TurnTrace } from "@rollout-trace/trace";

/** Each would set `globalThis.hacked`, ask for something, or hide or break what is around it. */
export const ATTACKS: readonly string[] = [
  "</script><script>globalThis.hacked='script'</script>",
  "</title></style></textarea><script>globalThis.hacked='title'</script>",
  "<img src=x onerror=\"globalThis.hacked='img'\">",
  "<svg/onload=globalThis.hacked='svg'>",
  '"><iframe srcdoc="<script>parent.hacked=\'frame\'</script>"></iframe>',
  "<iframe src=http://127.0.0.1:9/></iframe>",
  "<link rel=stylesheet href=http://127.0.0.1:9/x.css>",
  '<meta http-equiv=refresh content="0;url=http://127.0.0.1:9/">',
  "<base href=http://127.0.0.1:9/><form action=http://127.0.0.1:9/><input>",
  "javascript:globalThis.hacked='url'",
  "data:text/html,<script>globalThis.hacked='data'</script>",
  "<!--<script>",
  "]]>--><![CDATA[",
  "'-globalThis.hacked-'${globalThis.hacked='template'}`",
  "{{constructor.constructor('globalThis.hacked=1')()}}",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "\u001b[31mred\u001b[0m\u001b]0;title\u0007\u001b[2J",
  "evil\u202etxt.exe\u2066 isolated",
  "half \ud800 a \udfff character",
  "null \u0000 vertical \u000b bell \u0007 separator \u2028\u2029",
  "zero\u200bwidth\u2060joined\ufeff",
  "#seq/1?a=b&c=d%00%E0%A4%A",
  "e\u0301".repeat(30),
  "\u0915\u094d\u0937\u093f مرحبا שלום",
  "x".repeat(1_000_000),
];

const message = (role: string, text: string): object => ({
  type: "message",
  role,
  content: [{ type: role === "assistant" ? "output_text" : "input_text", text }],
});

/** Keys that an object of JavaScript has a meaning for. */
const POLLUTING: unknown = JSON.parse(
  '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}},"toString":1,"</script>":"<b>"}',
);

/** One rollout with a turn for each attack; each attack is in every text of its turn. Gives the path. */
export function hostileStore(path: string, attacks: readonly string[] = ATTACKS): string {
  let now = 1_750_000_000_000_000;
  const store = openTraceStore({ path, clock: () => (now += 1_000) });
  const [first = ""] = attacks;
  const root = store.startRollout({
    rolloutId: first,
    rootThread: { threadId: `root ${first}`, agentPath: first, nickname: first, model: first },
    host: { name: first, version: first },
  });
  attacks.forEach((attack, index) => {
    const turn = root.startTurn({ turnId: `turn ${index} ${attack}` });
    const history: object[] = [message("system", attack), message("user", attack)];
    ask(turn, `request ${index} ${attack}`, attack, history, [
      { type: "reasoning", summary: [{ type: "summary_text", text: attack }] },
      { type: "custom_tool_call", call_id: `exec ${index} ${attack}`, name: "exec", input: attack },
      { type: "function_call", call_id: `call ${index} ${attack}`, name: attack, arguments: attack },
      message("assistant", attack),
    ]);
    cell(turn, index, attack);
    const call = turn.startToolCall({
      toolCallId: `tool ${index} ${attack}`,
      kind: index % 2 === 0 ? { type: "mcp", server: attack, tool: attack } : { type: "other", name: attack },
      label: attack,
      modelVisibleCallId: `call ${index} ${attack}`,
      inputPreview: attack,
      invocation: () => ({
        tool_name: attack,
        tool_namespace: attack,
        payload: { type: "json", value: [attack, POLLUTING] as never },
      }),
    });
    call.ended({
      outputPreview: attack,
      result: () => ({ type: "direct", item: { output: attack, more: POLLUTING } }),
    });
    agent(root, turn, index, attack);
    turn
      .startInference({
        inferenceCallId: `failed ${index} ${attack}`,
        model: attack,
        provider: attack,
        dialect: "openai_responses",
        request: () => ({
          input: [...history, message("user", attack)],
          [attack]: attack,
          polluting: POLLUTING as never,
        }),
      })
      .failed({ error: attack });
    turn.end();
  });
  root.endRollout();
  store.close();
  return path;
}

function cell(turn: TurnTrace, index: number, attack: string): void {
  const exec = turn.startToolCall({
    toolCallId: `exec-tool ${index} ${attack}`,
    kind: { type: "code_cell_exec" },
    modelVisibleCallId: `exec ${index} ${attack}`,
    inputPreview: attack,
  });
  const cellId = `${index} ${attack}`;
  const observer = turn.codeModeObserver();
  observer.observe({ type: "cell_started", cellId, toolCallId: `exec ${index} ${attack}`, source: attack });
  observer.observe({
    type: "notification",
    cellId,
    callId: `exec ${index} ${attack}`,
    text: attack,
  });
  turn
    .startToolCall({
      toolCallId: `nested ${index} ${attack}`,
      kind: { type: "other", name: attack },
      requester: { type: "code_cell", runtime_cell_id: cellId as never },
      runtimeToolCallId: attack,
      inputPreview: attack,
    })
    .ended({ status: "failed", result: () => ({ type: "error", error: attack }) });
  const response = { type: "result", cellId, contentItems: [{ type: "input_text", text: attack }] } as const;
  observer.observe({ type: "cell_ended", cellId, status: "completed", response, journal: null });
  observer.observe({ type: "cell_initial_response", cellId, status: "completed", response });
  exec.ended({
    result: () => ({
      type: "direct",
      item: { type: "custom_tool_call_output", call_id: `exec ${index} ${attack}`, output: attack },
    }),
  });
}

function agent(
  root: ReturnType<ReturnType<typeof openTraceStore>["startRollout"]>,
  turn: TurnTrace,
  index: number,
  attack: string,
): void {
  const spawn = turn.startToolCall({ toolCallId: `spawn ${index} ${attack}`, kind: { type: "spawn_agent" } });
  spawn.agentInteractionStarted({ kind: "spawn_agent", message: attack });
  const threadId = `child ${index} ${attack}`;
  const child = root.startChildThread({
    threadId,
    agentPath: attack,
    taskName: attack,
    nickname: attack,
    model: attack,
  });
  spawn.agentInteractionEnded({ kind: "spawn_agent", targetThreadId: threadId, message: attack });
  spawn.ended({ result: () => ({ type: "direct", item: { output: attack } }) });
  const childTurn = child.startTurn({ turnId: `child turn ${index} ${attack}` });
  ask(
    childTurn,
    `child request ${index} ${attack}`,
    attack,
    [message("user", attack)],
    [message("assistant", attack)],
  );
  childTurn.end();
  child.agentResult({ message: attack, edgeId: `result ${index} ${attack}` });
  child.end();
}

function ask(turn: TurnTrace, id: string, attack: string, history: object[], items: readonly object[]): void {
  turn
    .startInference({
      inferenceCallId: id,
      model: attack,
      provider: attack,
      dialect: "openai_responses",
      request: () => ({ input: [...history], instructions: attack, [attack]: POLLUTING as never }),
    })
    .completed({
      responseId: id,
      upstreamRequestId: id,
      response: () => ({ output_items: items, [attack]: attack }),
    });
  history.push(...items);
}
