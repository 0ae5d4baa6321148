import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RawEventPayload } from "@rollout-trace/protocol";
import type { TraceStore } from "@rollout-trace/trace";
import { RolloutSpanProcessor, type RolloutSpanProcessorOptions } from "@rollout-trace/trace/opentelemetry";
import { linesOf, openStore } from "../support.ts";
import { ask, IDS, KIND } from "./questions.ts";
import { registerSdk } from "./sdk.ts";

function register(options: RolloutSpanProcessorOptions = {}): RolloutSpanProcessor {
  const processor = new RolloutSpanProcessor(options);
  // The SDK's own type accepts it as it is.
  const typed: SpanProcessor = processor;
  registerSdk(typed);
  return processor;
}

/** Asked for anew each time: the API's tracers stay with the SDK that they found first. */
function host(): Tracer {
  return trace.getTracer("host");
}

type Line = readonly [string | null, string | null, RawEventPayload];

/** What the store says about spans of the host, and of spans that it does not hold. */
function spanLines(store: TraceStore): readonly Line[] {
  return linesOf(store.openRollout("r")).filter(([, , { type }]) => /^span_|^other$/.test(type));
}

function names(store: TraceStore): readonly string[] {
  return spanLines(store).map(([, , payload]) =>
    "name" in payload ? `${payload.type} ${payload.name}` : payload.type,
  );
}

/** Runs `during` with every statement of the SQLite driver in a span, as instrumentation of a driver does. */
function withTracedDriver(during: () => void): number {
  const database = new Database(":memory:");
  const prototype = Object.getPrototypeOf(database.prepare("SELECT 1")) as {
    run: (...args: unknown[]) => unknown;
  };
  database.close();
  const { run } = prototype;
  let statements = 0;
  prototype.run = function traced(this: unknown, ...args: unknown[]) {
    statements += 1;
    return host().startActiveSpan("sqlite", (span) => {
      try {
        return run.apply(this, args);
      } finally {
        span.end();
      }
    });
  };
  onTestFinished(() => {
    prototype.run = run;
  });
  during();
  return statements;
}

describe("the host's own spans", () => {
  it("are stored at start and at end, with thread, turn and tool call", () => {
    register();
    const store = openStore();
    const turn = store.startRollout(IDS).startTurn({ turnId: "u" });
    turn.traceTool({ kind: KIND, toolCallId: "c" }, () => {
      const linked = { context: { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 } };
      const options = {
        kind: SpanKind.CLIENT,
        attributes: { "db.system": "pg", rows: [1, 2] },
        links: [linked],
      };
      host().startActiveSpan("query", options, (span) => {
        host().startSpan("connect").end();
        span.updateName("SELECT").setAttribute("db.rows", 2);
        span.setStatus({ code: SpanStatusCode.ERROR, message: "gone" }).end();
      });
    });
    const [query, connect, connected, ended] = spanLines(store);
    const links = [{ trace_id: "a".repeat(32), span_id: "b".repeat(16), attributes: {} }];
    const ids = {
      otel_trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    };
    expect(query).toEqual([
      "t",
      "u",
      {
        ...ids,
        type: "span_started",
        parent_span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
        name: "query",
        kind: "client",
        attributes: { "db.system": "pg", rows: [1, 2], "rollout_trace.tool_call_id": "c" },
        links,
        start_time_unix_us: expect.any(Number),
      },
    ]);
    expect(connect?.[2]).toMatchObject({
      name: "connect",
      parent_span_id: query?.[2].type === "span_started" ? query[2].span_id : null,
    });
    expect(connected?.[2]).toMatchObject({ type: "span_ended", name: "connect", status: { code: "unset" } });
    expect(ended).toEqual([
      "t",
      "u",
      {
        ...ids,
        type: "span_ended",
        name: "SELECT",
        attributes: { "db.system": "pg", rows: [1, 2], "db.rows": 2, "rollout_trace.tool_call_id": "c" },
        links,
        status: { code: "error", message: "gone" },
        end_time_unix_us: expect.any(Number),
      },
    ]);
  });

  it("are said to be of the inference call that they ran in", () => {
    register();
    const store = openStore();
    const turn = store.startRollout(IDS).startTurn();
    const inference = ask(turn, { inferenceCallId: "i" });
    inference.run(() => host().startSpan("POST").end());
    host().startSpan("outside").end();
    const attributes = spanLines(store).map(([, , payload]) =>
      "attributes" in payload ? payload.attributes : null,
    );
    expect(attributes).toEqual([
      { "rollout_trace.inference_call_id": "i" },
      { "rollout_trace.inference_call_id": "i" },
    ]);
  });

  it("are not stored outside of a rollout, nor after its end", () => {
    register();
    const store = openStore();
    const root = store.startRollout(IDS);
    const turn = root.startTurn();
    host().startSpan("outside").end();
    const span = turn.run(() => host().startSpan("inside"));
    turn.end();
    root.endRollout();
    span.end();
    turn.run(() => host().startSpan("late").end());
    expect(names(store)).toEqual(["span_started inside"]);
    expect(store.counts.droppedEvents).toBe(0);
  });

  it("follow their parent where an instrumentation has lost the context", () => {
    register();
    const store = openStore();
    const turn = store.startRollout(IDS).startTurn({ turnId: "u" });
    const parent = turn.run(() => host().startSpan("parent"));
    host().startSpan("child", {}, trace.setSpan(ROOT_CONTEXT, parent)).end();
    expect(spanLines(store).map(([thread, turnId, payload]) => [thread, turnId, payload.type])).toEqual([
      ["t", "u", "span_started"],
      ["t", "u", "span_started"],
      ["t", "u", "span_ended"],
    ]);
  });

  it("are never the recorder's own", () => {
    register();
    const store = openStore();
    const turn = store.startRollout(IDS).startTurn();
    turn.traceTool({ kind: KIND }, () => 1);
    turn.run(() => trace.getTracer("@rollout-trace/runtime").startSpan("code_cell").end());
    turn.end();
    expect(spanLines(store)).toEqual([]);
  });

  it.each(["process", "batch"] as const)(
    "are not those that recording makes in a traced SQLite driver (durability %s)",
    (durability) => {
      register();
      const store = openStore({ durability });
      const statements = withTracedDriver(() => {
        const turn = store.startRollout(IDS).startTurn();
        turn.run(() => {
          const database = new Database(":memory:");
          database.prepare("CREATE TABLE own (n)").run();
          database.close();
          turn.startToolCall({ kind: KIND }).ended();
          store.flush();
        });
        turn.end();
        store.flush();
      });
      expect(statements).toBeGreaterThan(5);
      expect(names(store)).toEqual(["span_started sqlite", "span_ended sqlite"]);
    },
  );

  it("are bounded in size, and any value of theirs is stored as JSON", () => {
    register();
    const store = openStore();
    const turn = store.startRollout(IDS).startTurn();
    turn.run(() => {
      const attributes = { text: "x".repeat(10_000), not: Number.NaN, list: ["a", null], yes: true };
      host()
        .startSpan("n".repeat(9_000), { attributes: { ...attributes, ["__proto__"]: "p" } })
        .end();
    });
    const [started] = spanLines(store).map(([, , payload]) => payload);
    expect(started).toMatchObject({
      name: `${"n".repeat(4_095)}…`,
      attributes: { text: `${"x".repeat(4_095)}…`, not: "NaN", list: ["a", null], yes: true },
    });
  });

  it("stop being stored after a limit, and what was left out is counted and recorded", async () => {
    const processor = register({ maxSpansPerCall: 2, maxSpansPerRollout: 5 });
    const store = openStore();
    const root = store.startRollout(IDS);
    const turn = root.startTurn({ turnId: "u" });
    const open = (count: number): void => {
      for (let n = 0; n < count; n += 1) host().startSpan("row").end();
    };
    turn.traceTool({ kind: KIND }, () => open(4));
    turn.traceTool({ kind: KIND }, () => open(3));
    turn.end();
    root.startTurn({ turnId: "v" }).run(() => open(9));
    await processor.forceFlush();
    const told = spanLines(store).flatMap(([, turnId, payload]) =>
      payload.type === "other" ? [[turnId, payload.kind, payload.metadata]] : [],
    );
    expect(told).toEqual([
      ["u", "opentelemetry_spans_dropped", { dropped: 1, stored: 2 }],
      ["u", "opentelemetry_spans_dropped", { dropped: 3, stored: 4 }],
      [null, "opentelemetry_spans_dropped", { dropped: 11, stored: 5 }],
    ]);
    expect(names(store).filter((name) => name === "span_started row")).toHaveLength(5);
    expect(names(store).filter((name) => name === "span_ended row")).toHaveLength(5);
  });

  it("are limited by numbers that make sense", () => {
    expect(() => new RolloutSpanProcessor({ maxSpansPerCall: -1 })).toThrow(/maxSpansPerCall is -1/);
    expect(() => new RolloutSpanProcessor({ maxSpansPerRollout: Number.NaN })).toThrow(/at least 0/);
  });

  it("cost a host with thousands of them a bounded store", () => {
    register();
    const store = openStore();
    const root = store.startRollout(IDS);
    root.startTurn().traceTool({ kind: KIND }, () => {
      for (let n = 0; n < 5_000; n += 1) host().startSpan("row").end();
    });
    root.endRollout();
    expect(names(store)).toHaveLength(2 * 1_000 + 2);
    expect(store.counts.droppedEvents).toBe(0);
  });

  it("do not disturb the host when there is no context to run in", () => {
    register();
    context.disable();
    const store = openStore();
    const turn = store.startRollout(IDS).startTurn();
    expect(turn.run(() => host().startActiveSpan("work", (span) => (span.end(), 5)))).toBe(5);
    expect(names(store)).toEqual(["span_started work", "span_ended work"]);
  });
});
