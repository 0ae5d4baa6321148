import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { openStore, temporaryPath } from "../support.ts";

it("the views tell inference calls, tool calls and cells to a program that knows only SQL", () => {
  const path = temporaryPath();
  const store = openStore({ path, durability: "batch", clock: () => 1000 });
  const thread = store.startRollout({ rolloutId: "r", rootThread: { threadId: "t" } });
  const turn = thread.startTurn({ turnId: "u" });
  const start = { model: "m", provider: "p", dialect: "openai_chat", request: () => ({}) } as const;
  turn.startInference({ ...start, inferenceCallId: "i1" }).failed({ error: "429" });
  turn.startInference({ ...start, inferenceCallId: "i2" });
  turn.startToolCall({ toolCallId: "c1", kind: { type: "web" } }).ended({ outputPreview: "found" });
  for (let number = 0; number < 5000; number += 1) turn.startToolCall({ kind: { type: "web" } }).ended();
  const observer = turn.codeModeObserver();
  observer.observe({ type: "cell_started", cellId: "1", toolCallId: "exec_1", source: "1 + 1" });
  store.close();

  const database = new Database(path, { readonly: true });
  const all = (sql: string): unknown => database.prepare(sql).all();
  expect(all("SELECT inference_call_id, thread_id, turn_id, status, error FROM v_inference")).toEqual([
    { inference_call_id: "i1", thread_id: "t", turn_id: "u", status: "failed", error: "429" },
    { inference_call_id: "i2", thread_id: "t", turn_id: "u", status: "running", error: null },
  ]);
  expect(all("SELECT runtime_cell_id, model_visible_call_id, source, status FROM v_cells")).toEqual([
    { runtime_cell_id: "1", model_visible_call_id: "exec_1", source: "1 + 1", status: "running" },
  ]);
  expect(
    all(
      "SELECT rollout_id, requester, kind, output_preview, duration_us FROM v_tool_calls WHERE tool_call_id = 'c1'",
    ),
  ).toEqual([{ rollout_id: "r", requester: "model", kind: "web", output_preview: "found", duration_us: 0 }]);
  expect(all("SELECT status, count(*) AS count FROM v_tool_calls GROUP BY status")).toEqual([
    { status: "completed", count: 5001 },
  ]);
  expect(all("SELECT count(*) AS count FROM v_events WHERE rollout_id = 'r'")).toEqual([{ count: 10_010 }]);
  database.close();
});
