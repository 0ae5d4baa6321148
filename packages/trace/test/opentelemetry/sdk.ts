/** The official SDK, registered for the length of a test. */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { onTestFinished } from "vitest";

/** Registers the SDK and gives what lists the spans that have ended. */
export function registerSdk(...processors: readonly SpanProcessor[]): () => readonly ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    spanProcessors: [...processors, new SimpleSpanProcessor({ exporter })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => {
    trace.disable();
    context.disable();
  });
  return () => exporter.getFinishedSpans();
}

/** Names as a tree: each span that ended under its parent, with what it is linked to. */
export function treeOf(spans: readonly ReadableSpan[]): readonly string[] {
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const children = new Map<string, ReadableSpan[]>();
  for (const span of spans) {
    const parent = span.parentSpanContext?.spanId ?? "";
    const key = byId.has(parent) ? parent : "";
    children.set(key, [...(children.get(key) ?? []), span]);
  }
  const lines: string[] = [];
  const write = (id: string, depth: number): void => {
    const level = (children.get(id) ?? []).toSorted((left, right) => seqOf(left) - seqOf(right));
    for (const span of level) {
      const links = span.links.map(({ context: { spanId }, attributes }) => {
        return ` -> ${byId.get(spanId)?.name} (${String(attributes?.["rollout_trace.link"])})`;
      });
      lines.push(`${"  ".repeat(depth)}${span.name}${links.join("")}`);
      write(span.spanContext().spanId, depth + 1);
    }
  };
  write("", 0);
  return lines;
}

function seqOf(span: ReadableSpan): number {
  const seq = span.attributes["rollout_trace.seq"];
  return typeof seq === "number" ? seq : 0;
}
