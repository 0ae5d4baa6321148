/** Records a real code-mode session: cells that call tools in parallel, race, store, fail, and are stopped. */
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import type { JsonValue, ToolDefinition } from "@rollout-trace/protocol";
import { openTraceStore } from "@rollout-trace/trace";

const TOOLS: readonly ToolDefinition[] = [
  { name: "echo", toolName: { name: "echo" }, description: "", kind: "function" },
  { name: "files__read", toolName: { name: "read", namespace: "files" }, description: "", kind: "function" },
  { name: "shout", toolName: { name: "shout" }, description: "", kind: "freeform" },
];

/** The model-visible ids of the cells' execs, with their scripts. */
export const CELLS: { readonly [callId: string]: string } = {
  call_races: `
    const answers = await Promise.all([1, 2, 3].map((n) => tools.echo({ n, dice: Math.random() })));
    text(answers.map(({ n }) => n));
    const delayed = (name, ms) => new Promise((resolve) => setTimeout(resolve, ms, name));
    text(await Promise.race([delayed("slow", 60_000), delayed("fast", 1), tools.shout("hey")]));
    text(Date.now());
    store("total", answers.length);`,
  call_read: `
    const { files__read: read } = tools;
    const { words } = await read({ path: "notes.txt" });
    yield_control();
    text(words.join("-"));
    for (const word of words) await tools.echo({ word });`,
  call_load: `text(load("total")); store("total", load("total") + 1); await tools.none();`,
  call_again: `text(load("total"));`,
  call_dynamic: `text(await tools[["ec", "ho"].join("")]({ dynamic: true }))`,
  call_forever: `text("polling"); for (;;) await new Promise((resolve) => setTimeout(resolve, 20));`,
};

/** A store with one rollout, `session`, with all cells. */
export async function recordSession(path: string): Promise<void> {
  using store = openTraceStore({ path });
  const thread = store.startRollout({ rolloutId: "session", rootThread: { agentPath: "/root" } });
  thread.startTurn();
  const provider = new ProcessSessionProvider();
  const session = await provider.createSession(
    {
      invokeTool: ({ toolName, input }) => Promise.resolve(answer(toolName.name, input)),
      notify: () => Promise.resolve(),
      cellClosed: () => undefined,
    },
    { observer: thread.codeModeObserver() },
  );
  for (const [toolCallId, source] of Object.entries(CELLS)) {
    const isEndless = toolCallId === "call_forever";
    const yieldTimeMs = isEndless ? 60 : 10_000;
    const { cellId, initialResponse } = await session.execute({
      toolCallId,
      source,
      enabledTools: TOOLS,
      yieldTimeMs,
    });
    const { type } = await initialResponse;
    if (type !== "yielded") continue;
    if (isEndless) await session.terminate({ cellId });
    else await session.wait({ cellId });
  }
  await session.shutdown();
  await provider.close();
  thread.endRollout();
}

function answer(name: string, input: JsonValue | undefined): JsonValue {
  if (name === "read") return { words: ["alpha", "bravo"] };
  if (name === "shout") return JSON.stringify(input).toUpperCase();
  return input ?? null;
}
