import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";

const PAGE = readFileSync(resolve(import.meta.dirname, "../../docs/store.md"), "utf8");
const QUERIES = [...PAGE.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

let folder: string;
let database: DatabaseSync;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "store-page-"));
  const path = join(folder, "store.db");
  const store = openTraceStore({ path });
  const thread = store.startRollout({ rolloutId: "r" });
  const turn = thread.startTurn();
  turn
    .startInference({
      model: "m",
      provider: "p",
      dialect: "openai_responses",
      request: () => ({ input: [] }),
    })
    .failed({ error: "no" });
  const observer = turn.codeModeObserver();
  observer.observe({ type: "cell_started", cellId: "1", toolCallId: "call", source: "tools.look()" });
  observer.observe({
    type: "nested_call_started",
    call: { cellId: "1", runtimeToolCallId: "tool-1", toolName: { name: "look" }, kind: "function" },
    recordAs: { type: "other", name: "look" },
  });
  store.close();
  database = new DatabaseSync(path, { readOnly: true });
});

afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the page about the store", () => {
  it("asks every view", () => {
    expect(QUERIES.map((query) => /FROM (\w+)/.exec(query)?.[1])).toEqual([
      "v_events",
      "v_inference",
      "v_tool_calls",
      "v_cells",
    ]);
  });

  it.each([
    [1, { seq: 1, type: "rollout_started" }],
    [2, { model: "m", status: "failed", error: "no" }],
    [3, { label: "look", status: "running", calls: 1 }],
    [4, { runtime_cell_id: "1", model_visible_call_id: "call", status: "running", source: "tools.look()" }],
  ])("has a query %i that answers", (number, row) => {
    expect(database.prepare(QUERIES[number - 1] ?? "").all()[0]).toMatchObject(row);
  });
});
