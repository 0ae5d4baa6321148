import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { type RolloutGraph, reduceRollout, type ToolCall } from "@rollout-trace/reducer";
import { type RanDemo, ROOT, runDemo } from "./run-demo.ts";
import { DEMO_FIXTURE, stableDemo } from "./stable-demo.ts";

let folder: string;
let storePath: string;
let ran: RanDemo;
let graph: RolloutGraph;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "demo-"));
  storePath = join(folder, "demo.db");
  ran = await runDemo({ storePath });
  using source = openSource(storePath);
  graph = reduceRollout(source.rollout, { mode: "strict" });
}, 240_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function toolCall(callId: string): ToolCall {
  const call = Object.values(graph.tool_calls).find((known) => known.model_visible_call_id === callId);
  if (call === undefined) throw new Error(`no tool call ${callId}`);
  return call;
}

function cellOf(callId: string) {
  const cell = graph.code_cells[toolCall(callId).code_cell_id ?? ""];
  if (cell === undefined) throw new Error(`no cell of ${callId}`);
  return cell;
}

function cli(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(
    process.execPath,
    ["--conditions=rollout-trace-source", join(ROOT, "packages/cli/src/main.ts"), ...args],
    { encoding: "utf8", env: { ...process.env, ...env }, maxBuffer: 1 << 28 },
  );
}

describe("the demo", () => {
  it("ends well, and shows a tree and what to try next", () => {
    expect(ran).toMatchObject({ code: 0, signal: null });
    expect(ran.stdout).toContain("/root/count_files");
    expect(ran.stdout).toContain("npm run -s rollout-trace -- show");
    expect(ran.stdout).not.toMatch(/\berror\b|recording was not closed/);
  });

  it("reduces strictly, without anything to say about it", () => {
    expect(graph.diagnostics).toEqual([]);
    expect(graph).toMatchObject({ status: "completed", recording_complete: true });
  });

  it("names for every nested call its cell and, through it, the call that the model saw and the request it came from", () => {
    const nested = Object.values(graph.tool_calls).filter((call) => call.requester.type === "code_cell");
    expect(nested).toHaveLength(6);
    for (const call of nested) {
      const cell =
        call.requester.type === "code_cell" ? graph.code_cells[call.requester.code_cell_id ?? ""] : undefined;
      expect(cell?.nested_tool_call_ids).toContain(call.tool_call_id);
      expect(call.caused_by).toEqual({
        thread_id: cell?.thread_id,
        model_visible_call_id: cell?.model_visible_call_id,
        inference_call_id: expect.any(String),
      });
      const inference = graph.inference_calls[call.caused_by?.inference_call_id ?? ""];
      expect(inference?.code_cell_ids).toContain(cell?.code_cell_id);
    }
  });

  it("links the wait to the cell that yielded, both ways", () => {
    const cell = cellOf("call_long");
    expect(cell).toMatchObject({ runtime_status: "completed", initial_response: { status: "yielded" } });
    expect(cell.waits).toMatchObject([
      {
        tool_call_id: toolCall("call_wait").tool_call_id,
        model_visible_call_id: "call_wait",
        outcome: "completed",
      },
    ]);
    expect(toolCall("call_wait").code_cell_id).toBe(cell.code_cell_id);
  });

  it("links the cancellation to the wait that asked for it", () => {
    const cell = cellOf("call_forever");
    expect(cell).toMatchObject({
      runtime_status: "terminated",
      cancellation: { cause: "model", model_visible_call_id: "call_cancel" },
    });
    expect(toolCall("call_cancel").code_cell_id).toBe(cell.code_cell_id);
  });

  it("keeps the script error as the cell's, with the script's own line", () => {
    const cell = cellOf("call_broken");
    expect(cell.runtime_status).toBe("failed");
    const [output] = cell.output_item_ids.map((id) => JSON.stringify(graph.conversation_items[id]?.body));
    expect(output).toContain("before the mistake");
    expect(output).toMatch(/TypeError.*:3:/s);
    expect(output).not.toContain(ROOT);
  });

  it("hands stored values to a later cell", () => {
    const [output] = cellOf("call_load").output_item_ids.map((id) =>
      JSON.stringify(graph.conversation_items[id]?.body),
    );
    expect(output).toContain("most of: plums.txt (20)");
  });

  it("hangs the child under its spawn, and its report under the parent's item that carries it", () => {
    const child = Object.values(graph.threads).find((thread) => thread.agent_path === "/root/count_files");
    const edges = Object.values(graph.interaction_edges);
    const spawn = edges.find((edge) => edge.kind === "spawn_agent");
    expect(child?.origin).toMatchObject({
      type: "spawned",
      parent_thread_id: graph.root_thread_id,
      spawn_edge_id: spawn?.edge_id,
    });
    expect(spawn?.source).toEqual({ type: "tool_call", id: toolCall("call_spawn").tool_call_id });
    expect(graph.conversation_items[spawn?.target?.id ?? ""]).toMatchObject({
      thread_id: child?.thread_id,
      role: "user",
    });
    const result = edges.find((edge) => edge.kind === "agent_result");
    expect(graph.conversation_items[result?.source.id ?? ""]).toMatchObject({
      thread_id: child?.thread_id,
      role: "assistant",
    });
    expect(graph.conversation_items[result?.target?.id ?? ""]).toMatchObject({
      thread_id: graph.root_thread_id,
      role: "user",
    });
  });

  it("gives every object the events and payloads that made it", () => {
    const collections = [
      graph.threads,
      graph.turns,
      graph.conversation_items,
      graph.inference_calls,
      graph.tool_calls,
      graph.code_cells,
      graph.interaction_edges,
    ];
    const objects = collections.flatMap((collection) => Object.values(collection));
    expect(objects.length).toBeGreaterThan(70);
    expect(objects.filter((object) => object.evidence.seqs.length === 0)).toEqual([]);
  });

  it("reduces to this graph, whole", () => {
    expect(stableDemo(storePath)).toEqual(JSON.parse(readFileSync(DEMO_FIXTURE, "utf8")));
  });

  it("reduces to the same bytes in processes of other time zones and locales", () => {
    const outputs = [
      { TZ: "UTC", LANG: "C" },
      { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" },
    ].map((env, index) => {
      const file = join(folder, `graph-${index}.json`);
      expect(cli(["reduce", storePath, "--strict", "-o", file], env)).toMatchObject({
        status: 0,
        stdout: "",
        stderr: "",
      });
      return readFileSync(file, "utf8");
    });
    expect(outputs[1]).toBe(outputs[0]);
    expect(JSON.parse(outputs[0] ?? "")).toMatchObject({ rollout_id: graph.rollout_id });
  });

  it("adds another rollout to the same store when it runs again, and then asks which one is meant", async () => {
    const again = await runDemo({ storePath });
    expect(again.code).toBe(0);
    const ambiguous = cli(["show", storePath]);
    expect(ambiguous).toMatchObject({ status: 2, stdout: "" });
    expect(ambiguous.stderr).toContain(graph.rollout_id);
    expect(cli(["show", storePath, "--rollout", "latest"])).toMatchObject({ status: 0, stderr: "" });
  }, 240_000);
});
