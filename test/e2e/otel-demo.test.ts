/** The demo with OpenTelemetry on, its spans received over OTLP/HTTP from the official exporter. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource, processIo, runCli } from "@rollout-trace/cli";
import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import { type OtlpReceiver, type ReceivedSpan, startReceiver } from "./otlp-receiver.ts";
import { ROOT } from "./run-demo.ts";

let folder: string;
let storePath: string;
let receiver: OtlpReceiver;
let graph: RolloutGraph;
let code: unknown;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "otel-demo-"));
  storePath = join(folder, "demo.db");
  receiver = await startReceiver();
  const { OPENAI_API_KEY: _unused, ...env } = process.env;
  const demo = spawn(
    process.execPath,
    ["--conditions=rollout-trace-source", "examples/agent-host/src/main.ts", "--otel", storePath],
    { cwd: ROOT, env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint }, stdio: "ignore" },
  );
  [code] = (await once(demo, "close")) as [unknown];
  using source = openSource(storePath);
  graph = reduceRollout(source.rollout, { mode: "strict" });
}, 120_000);

afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A span under its parent: name, links and status. Siblings by the event that they begin with, the host's own first. */
function tree(): readonly string[] {
  const { spans } = receiver;
  const names = new Map(spans.map((span) => [span.spanId, span.name]));
  const children = Map.groupBy(spans, ({ parentSpanId }) => parentSpanId ?? "");
  const lines: string[] = [];
  const write = (id: string, depth: number): void => {
    for (const span of (children.get(id) ?? []).toSorted((left, right) => seqOf(left) - seqOf(right))) {
      const links = span.links.map(
        ({ spanId, attributes }) => ` -> ${names.get(spanId)} (${String(attributes["rollout_trace.link"])})`,
      );
      const events = span.events.map((event) => ` [${event}]`);
      const failure = span.status.code === 2 ? ` !${String(span.attributes["error.type"])}` : "";
      lines.push(`${"  ".repeat(depth)}${span.name}${links.join("")}${events.join("")}${failure}`);
      write(span.spanId, depth + 1);
    }
  };
  write("", 0);
  return lines;
}

function seqOf({ attributes }: ReceivedSpan): number {
  const seq = attributes["rollout_trace.seq"];
  return typeof seq === "number" ? seq : 0;
}

function named(name: RegExp): readonly ReceivedSpan[] {
  return receiver.spans.filter((span) => name.test(span.name));
}

describe("the demo as a file of spans", () => {
  it("comes back from an export without a difference", async () => {
    const file = join(folder, "export.json");
    const said: string[] = [];
    const say = (text: string): void => void said.push(text);
    const io = { ...processIo(), out: say, err: say, passing: null };
    expect(await runCli(["export", storePath, "--otlp", "--content", "-o", file], io)).toBe(0);
    const answer = await runCli(["diff", storePath, file], io);
    expect({ answer, said }).toEqual({ answer: 0, said: [] });
  });
});

describe("the demo's spans at a collector", () => {
  it("are one tree for each of the user's requests, with links where the cause is not the parent", () => {
    expect(code).toBe(0);
    expect(tree()).toEqual([
      "invoke_agent root",
      "  chat scripted-model",
      "    POST",
      "  execute_tool list_directory",
      "  chat scripted-model",
      "    POST",
      "  execute_tool exec",
      "    code_cell",
      "      execute_tool read_text_file",
      "      execute_tool read_text_file",
      "      execute_tool read_text_file",
      "      execute_tool get-sum",
      "  chat scripted-model",
      "    POST",
      "  execute_tool exec",
      "    code_cell",
      "      execute_tool trigger-long-running-operation",
      "  chat scripted-model",
      "    POST",
      "  execute_tool wait",
      "    code_cell_wait -> code_cell (code_cell)",
      "  chat scripted-model",
      "    POST",
      "  execute_tool exec",
      "    code_cell [cancel_requested]",
      "  chat scripted-model",
      "    POST",
      "  execute_tool wait -> code_cell (code_cell)",
      "  chat scripted-model",
      "    POST",
      "  execute_tool exec",
      "    code_cell !_OTHER",
      "  chat scripted-model",
      "    POST",
      "invoke_agent root",
      "  chat scripted-model",
      "    POST",
      "  execute_tool exec",
      "    code_cell",
      "  chat scripted-model",
      "    POST",
      "  execute_tool spawn_agent",
      "    invoke_agent count_files",
      "      chat scripted-model",
      "        POST",
      "      execute_tool exec",
      "        code_cell",
      "          execute_tool list_directory",
      "      chat scripted-model",
      "        POST",
      "  chat scripted-model",
      "    POST",
      "  execute_tool wait_agent",
      "  chat scripted-model -> invoke_agent count_files (agent_result)",
      "    POST",
    ]);
    expect([...receiver.services]).toEqual(["agent-host-example"]);
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(2);
  });

  it("join each to what the store holds of it", () => {
    const threads = graph.threads;
    for (const span of named(/^execute_tool /)) {
      const { attributes } = span;
      const call = graph.tool_calls[String(attributes["rollout_trace.tool_call_id"])];
      expect(attributes).toEqual({
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call?.kind.type === "mcp" ? call.kind.tool : call?.label,
        "gen_ai.tool.type": "function",
        ...(call?.kind.type === "mcp" ? { "mcp.method.name": "tools/call" } : {}),
        ...(call?.model_visible_call_id === null
          ? {}
          : {
              "gen_ai.tool.call.id": call?.model_visible_call_id,
              "rollout_trace.model_visible_call_id": call?.model_visible_call_id,
            }),
        "rollout_trace.rollout_id": graph.rollout_id,
        "rollout_trace.thread_id": call?.thread_id,
        "rollout_trace.turn_id": call?.turn_id,
        "rollout_trace.tool_call_id": call?.tool_call_id,
        "rollout_trace.seq": call?.execution.started_seq,
        "rollout_trace.status": call?.execution.status,
        // A host that does not say gets what is recorded of it by default.
        ...("rollout_trace.end_cause" in attributes
          ? { "rollout_trace.end_cause": call?.recorded_end_cause }
          : {}),
      });
    }
    for (const { attributes } of named(/^chat /)) {
      const call = graph.inference_calls[String(attributes["rollout_trace.inference_call_id"])];
      expect(attributes).toMatchObject({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted-model",
        "gen_ai.response.id": call?.response_id,
        "gen_ai.conversation.id": graph.rollout_id,
        "gen_ai.usage.input_tokens": call?.usage?.input_tokens,
        "gen_ai.usage.output_tokens": call?.usage?.output_tokens,
        "rollout_trace.seq": call?.execution.started_seq,
        "rollout_trace.turn_id": call?.turn_id,
      });
    }
    for (const { attributes } of named(/^invoke_agent /)) {
      const turn = graph.turns[String(attributes["rollout_trace.turn_id"])];
      const thread = threads[turn?.thread_id ?? ""];
      expect(attributes).toMatchObject({
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": thread?.agent_path.split("/").at(-1),
        "gen_ai.agent.id": thread?.thread_id,
        "rollout_trace.seq": turn?.execution.started_seq,
      });
    }
    for (const { attributes } of named(/^code_cell$/)) {
      const cell = graph.code_cells[String(attributes["rollout_trace.code_cell_id"])];
      expect(attributes).toMatchObject({
        "rollout_trace.seq": cell?.execution.started_seq,
        "rollout_trace.status": cell?.runtime_status,
        "rollout_trace.model_visible_call_id": cell?.model_visible_call_id,
      });
    }
    expect(named(/^execute_tool /)).toHaveLength(Object.keys(graph.tool_calls).length);
    expect(named(/^chat /)).toHaveLength(Object.keys(graph.inference_calls).length);
    expect(named(/^code_cell$/)).toHaveLength(Object.keys(graph.code_cells).length);
  });

  it("say nothing of what was asked, answered or handed to tools", () => {
    const told = JSON.stringify(receiver.spans);
    expect(told).not.toMatch(/fruit|apples|plums|getattr|yield_control|careful assistant/);
    expect(told).not.toMatch(/gen_ai\.(?:input|output)\.messages|gen_ai\.tool\.call\.(?:arguments|result)/);
  });

  it("of the host's own requests are in the store as well, in the turns that made them", () => {
    const stored = Object.values(graph.spans);
    const received = named(/^POST$/);
    expect(stored.map(({ span_id }) => span_id).toSorted()).toEqual(
      received.map(({ spanId }) => spanId).toSorted(),
    );
    for (const span of stored) {
      const sent = received.find(({ spanId }) => spanId === span.span_id);
      expect(span).toMatchObject({
        name: "POST",
        kind: "client",
        otel_trace_id: sent?.traceId,
        parent_span_id: sent?.parentSpanId,
        execution: { status: "completed", end_cause: "observed" },
        attributes: { "http.request.method": "POST", "http.response.status_code": 200 },
      });
      const made = span.attributes["rollout_trace.inference_call_id"];
      const inference = Object.values(graph.inference_calls).find((call) => call.inference_call_id === made);
      expect(inference).toMatchObject({ thread_id: span.thread_id, turn_id: span.turn_id });
    }
  });

  it("are a source like any other: agents, turns, calls and tokens are those of the recording", () => {
    const file = join(folder, "received.jsonl");
    writeFileSync(file, receiver.bodies.map((body) => `${body}\n`).join(""));
    using source = openSource(file);
    const live = reduceRollout(source.rollout);
    expect(live.rollout_id).toBe(graph.rollout_id);
    for (const collection of [
      "threads",
      "turns",
      "inference_calls",
      "tool_calls",
      "code_cells",
      "spans",
    ] as const) {
      expect(Object.keys(live[collection]).toSorted()).toEqual(Object.keys(graph[collection]).toSorted());
    }
    expect(live.usage.total).toEqual(graph.usage.total);
  });
});
