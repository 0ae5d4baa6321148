/** A host whose HTTP client and database driver are instrumented by the official packages, next to the recorder. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore } from "@rollout-trace/trace";
import { RolloutSpanProcessor } from "@rollout-trace/trace/opentelemetry";
import { type Postgres, startPostgres } from "./postgres.ts";

interface Client {
  connect(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  end(): Promise<void>;
}

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({
  spanProcessors: [new RolloutSpanProcessor(), new SimpleSpanProcessor({ exporter })],
});
let folder: string;
let postgres: Postgres;
let web: Server;
let graph: RolloutGraph;
let traceparent: string | undefined;
let stop: () => void;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "otel-instrumentation-"));
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  stop = registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [new UndiciInstrumentation(), new PgInstrumentation()],
  });
  // Loaded after the instrumentation, which changes it as it is loaded.
  const { Client: PgClient } = createRequire(import.meta.url)("pg") as {
    Client: new (options: object) => Client;
  };
  postgres = await startPostgres();
  web = createServer((request, response) => {
    traceparent = String(request.headers["traceparent"]);
    response.end("rain");
  });
  await new Promise<void>((resolve) => {
    web.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/weather`;

  const path = join(folder, "host.db");
  const store = openTraceStore({ path });
  const root = store.startRollout({ rolloutId: "r" });
  const turn = root.startTurn({ turnId: "u" });
  await turn.run(async () => {
    const client = new PgClient({
      host: "127.0.0.1",
      port: postgres.port,
      user: "postgres",
      database: "postgres",
    });
    await client.connect();
    await Promise.all([
      turn.traceTool({ kind: { type: "other", name: "weather" }, toolCallId: "web" }, async () => {
        return await (await fetch(url)).text();
      }),
      turn.traceTool({ kind: { type: "other", name: "count" }, toolCallId: "sql" }, async () => {
        return (await client.query("SELECT count(*) FROM generate_series(1, $1::int)", [3])).rows;
      }),
    ]);
    await client.end();
  });
  turn.end();
  root.endRollout();
  store.close();
  using source = openSource(path);
  graph = reduceRollout(source.rollout, { mode: "strict" });
}, 120_000);

afterAll(async () => {
  stop();
  web.closeAllConnections();
  web.close();
  await postgres[Symbol.asyncDispose]();
  trace.disable();
  context.disable();
  propagation.disable();
  rmSync(folder, { recursive: true, force: true });
});

describe("spans of an instrumented HTTP client and database driver", () => {
  it("are in the graph, each under the tool call that made it, or in the turn outside of calls", () => {
    const placed = Object.values(graph.spans).map(({ name, kind, tool_call_id, turn_id }) => [
      name,
      kind,
      tool_call_id,
      turn_id,
    ]);
    expect(placed).toEqual([
      ["pg.connect", "client", null, "u"],
      ["GET", "client", "web", "u"],
      ["pg.query:SELECT postgres", "client", "sql", "u"],
    ]);
    expect(Object.values(graph.spans).map(({ attributes }) => attributes)).toMatchObject([
      { "db.system.name": "postgresql" },
      { "http.request.method": "GET", "http.response.status_code": 200 },
      { "db.query.text": "SELECT count(*) FROM generate_series(1, $1::int)" },
    ]);
    expect(graph.tool_calls["sql"]?.span_ids).toHaveLength(1);
    expect(graph.diagnostics).toEqual([]);
  });

  it("are children of the recorder's span of that call, and nothing is there twice", () => {
    const spans = exporter.getFinishedSpans();
    const byId = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    const lines = spans.map(
      (span) => `${span.name} < ${byId.get(span.parentSpanContext?.spanId ?? "") ?? ""}`,
    );
    expect(lines.toSorted()).toEqual([
      "GET < execute_tool weather",
      "execute_tool count < invoke_agent root",
      "execute_tool weather < invoke_agent root",
      "invoke_agent root < ",
      "pg.connect < invoke_agent root",
      "pg.query:SELECT postgres < execute_tool count",
    ]);
  });

  it("carry the trace on to the server", () => {
    const get = exporter.getFinishedSpans().find(({ name }) => name === "GET");
    expect(traceparent).toBe(`00-${get?.spanContext().traceId}-${get?.spanContext().spanId}-01`);
  });
});
