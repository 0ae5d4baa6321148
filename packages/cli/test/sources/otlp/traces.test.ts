import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CliError, openSource } from "@rollout-trace/cli";
import { reduceRollout } from "@rollout-trace/reducer";
import { run } from "../../commands/run.ts";
import { graphOf, hex, otlp, type SpanFields, traceFile, transcriptOf } from "./trace-file.ts";

function agent(id: string, name: string, more: Partial<SpanFields> = {}): SpanFields {
  return {
    id,
    name: `invoke_agent ${name}`,
    ...more,
    attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name, ...more.attributes },
  };
}

function chat(
  id: string,
  parent: string | undefined,
  more: Partial<SpanFields> & { readonly says?: string } = {},
): SpanFields {
  const { says = "hi", ...rest } = more;
  return {
    id,
    ...(parent === undefined ? {} : { parent }),
    ...rest,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "m",
      "gen_ai.usage.input_tokens": 5,
      "gen_ai.usage.output_tokens": 1,
      "gen_ai.output.messages": JSON.stringify([
        { role: "assistant", parts: [{ type: "text", content: says }] },
      ]),
      ...rest.attributes,
    },
  };
}

function tool(id: string, parent: string, name: string, more: Partial<SpanFields> = {}): SpanFields {
  return {
    id,
    parent,
    ...more,
    attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, ...more.attributes },
  };
}

/** What comes of opening a file: its graph, or the code of why not. */
function outcomeOf(path: string): string {
  try {
    using source = openSource(path, { rollout: "latest" });
    reduceRollout(source.rollout);
    return "reduced";
  } catch (error) {
    return error instanceof CliError ? error.code : String(error);
  }
}

describe("agents in traces", () => {
  it("are threads, spawned by the tool call that they ran in", () => {
    const graph = graphOf(
      otlp(
        agent("root", "boss", { until: 50 }),
        tool("call", "root", "delegate", { at: 5, until: 40 }),
        agent("sub", "worker", { parent: "call", at: 6, until: 30 }),
        chat("c", "sub", { at: 7, says: "done" }),
      ),
    );
    const [root, child] = Object.values(graph.threads);
    const [edge] = Object.values(graph.interaction_edges);
    expect(root).toMatchObject({ agent_path: "/root", origin: { type: "root" } });
    expect(child).toMatchObject({
      agent_path: "/root/worker",
      origin: { type: "spawned", parent_thread_id: root?.thread_id, spawn_edge_id: edge?.edge_id },
    });
    expect(edge).toMatchObject({ kind: "spawn_agent", source: { type: "tool_call", id: hex("call", 16) } });
    expect(transcriptOf(graph, "/root/worker")).toEqual(["assistant message: done"]);
    expect(graph.diagnostics).toEqual([]);
  });

  it("that are called twice by a tool are two threads, and an agent's own spans inside its turn are that turn", () => {
    const graph = graphOf(
      otlp(
        agent("root", "boss", { until: 90 }),
        agent("again", "boss", { parent: "root", at: 1, until: 80 }),
        tool("call1", "again", "delegate", { at: 5, until: 20 }),
        agent("sub1", "worker", { parent: "call1", at: 6, until: 19 }),
        tool("call2", "again", "delegate", { at: 30, until: 50 }),
        agent("sub2", "worker", { parent: "call2", at: 31, until: 49 }),
      ),
    );
    expect(Object.values(graph.threads).map((thread) => [thread.agent_path, thread.turn_ids.length])).toEqual(
      [
        ["/root", 1],
        ["/root/worker", 1],
        ["/root/worker_2", 1],
      ],
    );
  });

  it("that hand over to each other side by side are threads of one rollout", () => {
    const graph = graphOf(
      otlp(agent("a", "triage", { until: 5 }), agent("b", "refunds", { at: 6, until: 9 })),
    );
    expect(Object.values(graph.threads).map(({ agent_path }) => agent_path)).toEqual([
      "/root",
      "/root/refunds",
    ]);
  });
});

describe("what else is in traces", () => {
  it("is counted once where several files of a folder have it", () => {
    const content = otlp(
      agent("root", "boss", { until: 50 }),
      tool("call", "root", "search", { at: 5, until: 40 }),
    );
    const path = traceFile(content, "by-trace.json");
    const folder = dirname(path);
    writeFileSync(join(folder, "all.json"), content);
    using source = openSource(folder);
    expect(reduceRollout(source.rollout)).toEqual(graphOf(content));
  });

  it("stays spans, under the tool call that they ran in", () => {
    const graph = graphOf(
      otlp(
        agent("root", "boss", { until: 50 }),
        tool("call", "root", "search", { at: 5, until: 40 }),
        {
          id: "http",
          parent: "call",
          name: "GET",
          at: 6,
          until: 9,
          attributes: { "http.request.method": "GET" },
        },
        { id: "dns", parent: "http", name: "lookup", at: 7, until: 8 },
      ),
    );
    const spans = Object.values(graph.spans).map(({ name, tool_call_id, parent_span_id }) => [
      name,
      tool_call_id,
      parent_span_id,
    ]);
    expect(spans).toEqual([
      ["GET", hex("call", 16), hex("call", 16)],
      ["lookup", hex("call", 16), hex("http", 16)],
    ]);
  });

  it("counts only once: a request around a request is none", () => {
    const graph = graphOf(
      otlp(
        agent("root", "boss", { until: 50 }),
        chat("outer", "root", { at: 1, until: 9 }),
        chat("inner", "outer", { at: 2 }),
      ),
    );
    expect(graph.usage.total.total_tokens).toBe(6);
    expect(Object.keys(graph.inference_calls)).toEqual([hex("inner", 16)]);
  });

  it("has failures with their messages", () => {
    const status = { code: 2, message: "no such city" };
    const graph = graphOf(
      otlp(
        agent("root", "boss", { until: 50, status }),
        tool("t", "root", "weather", { at: 1, status }),
        chat("c", "root", { at: 3, status }),
      ),
    );
    expect(graph).toMatchObject({ status: "failed" });
    expect(Object.values(graph.tool_calls)[0]).toMatchObject({ execution: { status: "failed" } });
    expect(Object.values(graph.inference_calls)[0]).toMatchObject({
      execution: { status: "failed" },
      error: "no such city",
    });
  });

  it("goes on where a span has not ended", () => {
    const running = JSON.parse(otlp(agent("root", "boss"), chat("c", "root"))) as {
      resourceSpans: [{ scopeSpans: [{ spans: { endTimeUnixNano: string }[] }] }];
    };
    for (const span of running.resourceSpans[0].scopeSpans[0].spans) span.endTimeUnixNano = "0";
    const graph = graphOf(JSON.stringify(running));
    expect(graph).toMatchObject({ status: "running" });
    expect(Object.values(graph.inference_calls)[0]).toMatchObject({
      execution: { status: "running", ended_at_us: null },
    });
  });

  it("may have no agent: requests of a trace are a turn, and spans alone are spans", () => {
    const requests = graphOf(
      otlp(chat("a", undefined, { at: 1, says: "one" }), chat("b", undefined, { at: 3, says: "two" })),
    );
    expect(Object.values(requests.turns)).toHaveLength(1);
    expect(transcriptOf(requests)).toEqual(["assistant message: one", "assistant message: two"]);
    expect(Object.keys(graphOf(otlp({ id: "x", name: "GET" })).spans)).toHaveLength(1);
  });
});

describe("files of traces", () => {
  const spans = [agent("root", "boss", { until: 9 }), chat("c", "root", { at: 1 })];
  const whole = otlp(...spans);

  it.each([
    ["on one line each", spans.map((span) => otlp(span)).join("\n")],
    [
      "one after another, written out",
      spans.map((span) => JSON.stringify(JSON.parse(otlp(span)), null, 2)).join("\n\n"),
    ],
    ["compressed", gzipSync(whole)],
    ["behind a byte order mark", `\uFEFF${whole}`],
  ])("are read %s", (_how, content) => {
    expect(Object.keys(graphOf(content).inference_calls)).toHaveLength(1);
  });

  it("are read as rows of span stores, as dumps of SDK objects, and as trees", () => {
    const row = {
      name: "chat m",
      span_kind: "LLM",
      context: { trace_id: "t1", span_id: "s1" },
      parent_id: null,
      start_time: "2026-02-03T15:19:52.123456+00:00",
      end_time: "2026-02-03T15:19:53Z",
      status_code: "OK",
      attributes: {
        llm: {
          model_name: "m",
          token_count: { prompt: 5, completion: 1 },
          input_messages: [{ message: { role: "user", content: "hi" } }],
        },
      },
    };
    const dump = {
      name: "chat m",
      spanContext: { traceId: "t1", spanId: "s1" },
      startTime: [1770131992, 123_456_000],
      endTime: [1770131993, 0],
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.input.messages": '[{"role":"user","content":"hi"}]',
      },
    };
    const tree = {
      span_tree: [
        {
          name: "run",
          attributes: { "gen_ai.operation.name": "invoke_agent" },
          children: [{ ...dump, spanContext: undefined }],
        },
      ],
    };
    for (const content of [[row], { data: [dump] }, tree]) {
      const graph = graphOf(JSON.stringify(content));
      expect(transcriptOf(graph)).toEqual(["user message: hi"]);
      expect(graph.usage.total.total_tokens).toBe(6);
      expect(Object.values(graph.inference_calls)[0]?.execution.started_at_us).toBe(1_770_131_992_123_456);
    }
  });

  it("hold a rollout for each session, and for each trace where nothing names one", async () => {
    const session = { "gen_ai.conversation.id": "session-1" };
    const path = traceFile(
      otlp(
        agent("a", "boss", { trace: "one", attributes: session, at: 1 }),
        agent("b", "boss", { trace: "two", attributes: session, at: 10 }),
        agent("c", "boss", { trace: "three", at: 20 }),
      ),
    );
    using source = openSource(path, { rollout: "session-1" });
    expect(Object.values(reduceRollout(source.rollout).turns)).toHaveLength(2);
    const ran = await run(["show", path]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("holds 2 rollouts");
    expect(ran.err).toContain(hex("three", 32));
  });

  it("say which line cannot be read, and give the rest", async () => {
    const path = traceFile(
      `${otlp(spans[0] ?? agent("x", "x"))}\n{"resourceSpans": [\n${otlp(spans[1] ?? agent("x", "x"))}\n`,
      "trace.jsonl",
    );
    const ran = await run(["show", path]);
    expect(ran.code).toBe(0);
    expect(`${ran.out}${ran.err}`).toMatch(/trace\.jsonl:2/);
  });

  it("are refused when there are no spans in them", () => {
    expect(() => openSource(traceFile('{"attributeSummary": {"genAi": ["gen_ai.system"]}}'))).toThrow(
      CliError,
    );
    expect(() => openSource(traceFile('{"resourceSpans": "no"}'))).toThrow(/holds no rollout/);
  });

  it("are read without throwing, whatever stands in them", () => {
    const names = fc.constantFrom(
      "traceId",
      "spanId",
      "parentSpanId",
      "name",
      "attributes",
      "events",
      "links",
      "status",
      "startTimeUnixNano",
      "gen_ai.operation.name",
      "gen_ai.input.messages",
      "llm.input_messages.0.message.role",
      "__proto__",
      "key",
      "value",
      "children",
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom("chat", "execute_tool", "invoke_agent", "a1", "LLM", "", "[", '{"role":1}'),
        fc.integer(),
        fc.constant(null),
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(names, tie("node"), { maxKeys: 6 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (spansOf) => {
        const path = traceFile(
          JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: spansOf }] }], span_tree: spansOf }),
        );
        expect(outcomeOf(path)).toMatch(/^(?:reduced|unknown_rollout|unknown_format)$/);
      }),
      { numRuns: 60 },
    );
  });
});
