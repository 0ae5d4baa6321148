/** Records one turn with one code cell, then reduces it. Run with `npm run -s node -- examples/quick-start.ts`. */
import { renderRollout, openSource, processIo } from "@rollout-trace/cli";
import { reduceRollout } from "@rollout-trace/reducer";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { openTraceStore } from "@rollout-trace/trace";

// 1. Open a store and start a rollout: one recording of one session.
const store = openTraceStore({ path: process.argv[2] ?? "quick-start.db" });
const thread = store.startRollout({ rootThread: { agentPath: "/root", model: "my-model" } });

// 2. A code-mode session for this agent. The delegate is your side of it; the observer records.
const provider = new ProcessSessionProvider();
const session = await provider.createSession(
  {
    invokeTool: async (call) => ({ city: call.input ?? null, degrees: 21 }),
    notify: async () => undefined,
    cellClosed: () => undefined,
  },
  { observer: thread.codeModeObserver() },
);

// 3. A turn: ask the model, run what it asks for.
const turn = thread.startTurn();
const source = `const { degrees } = await tools.weather("Oslo");\ntext(\`\${degrees} degrees\`);`;
const inference = turn.startInference({
  model: "my-model",
  provider: "openai",
  dialect: "openai_responses",
  request: () => ({ input: [{ type: "message", role: "user", content: "How warm is it in Oslo?" }] }),
});
// … here your host would call the model; this is what it answers:
const response = {
  output: [{ type: "custom_tool_call", id: "ctc_1", call_id: "call_1", name: "exec", input: source }],
};
inference.completed({ responseId: "resp_1", response: () => response });

await turn.traceTool(
  { kind: { type: "code_cell_exec" }, modelVisibleCallId: "call_1", inputPreview: source },
  async () => {
    const cell = await session.execute({
      toolCallId: "call_1",
      source,
      enabledTools: [
        {
          name: "weather",
          toolName: { name: "weather" },
          description: "Weather of a city.",
          kind: "freeform",
        },
      ],
    });
    return await cell.initialResponse;
  },
);
turn.end();

// 4. Close in order.
await provider.close();
thread.endRollout();
store.close();

// 5. Read it back.
using recording = openSource(process.argv[2] ?? "quick-start.db", { rollout: "latest" });
const graph = reduceRollout(recording.rollout, { mode: "strict" });
process.stdout.write(renderRollout(graph, {}, processIo()));
