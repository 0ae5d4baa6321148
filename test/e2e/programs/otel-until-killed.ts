/** A host in mid-turn with OpenTelemetry on: says `ready` once its spans have begun, and goes on until it is killed. */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { openTraceStore } from "@rollout-trace/trace";
import { RolloutSpanProcessor } from "@rollout-trace/trace/opentelemetry";

const provider = new TracerProvider({ spanProcessors: [new RolloutSpanProcessor()] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const tracer = trace.getTracer("host");

const store = openTraceStore({ path: process.argv[2] ?? "missing.db" });
const turn = store.startRollout({ rolloutId: "killed" }).startTurn({ turnId: "turn" });
await turn.traceTool({ kind: { type: "other", name: "fetch" }, toolCallId: "call" }, () =>
  tracer.startActiveSpan("GET", { attributes: { "url.full": "http://example.test/" } }, async () => {
    tracer.startSpan("dns").end();
    tracer.startSpan("connect");
    process.stdout.write("ready\n");
    await new Promise((resolve) => setInterval(resolve, 1 << 30));
  }),
);
