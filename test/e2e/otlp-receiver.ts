/** A collector for the length of a test: receives what the official exporter sends as OTLP/JSON over HTTP. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

type Value =
  | { readonly stringValue: string }
  | { readonly intValue: string | number }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values?: readonly Value[] } };

interface KeyValue {
  readonly key: string;
  readonly value: Value;
}

/** A span as the protocol's JSON encoding has it (opentelemetry.proto.trace.v1.Span). */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly KeyValue[];
  readonly events?: readonly { readonly name: string }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: readonly KeyValue[];
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface OtlpRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans?: readonly OtlpSpan[];
    }[];
  }[];
}

export type Attributes = Readonly<Record<string, unknown>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly scope: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly events: readonly string[];
  readonly links: readonly { readonly spanId: string; readonly attributes: Attributes }[];
  readonly status: { readonly code: number; readonly message: string | null };
}

export interface OtlpReceiver extends AsyncDisposable {
  readonly endpoint: string;
  /** What has arrived, in the order of arriving. */
  readonly spans: readonly ReceivedSpan[];
  /** The requests themselves. */
  readonly bodies: readonly string[];
  /** `service.name` of each resource. */
  readonly services: ReadonlySet<unknown>;
}

export async function startReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const services = new Set<unknown>();
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      if (request.method !== "POST" || request.url !== "/v1/traces") {
        response.writeHead(404).end();
        return;
      }
      bodies.push(body);
      const decoded = JSON.parse(body) as OtlpRequest;
      for (const { resource, scopeSpans } of decoded.resourceSpans ?? []) {
        services.add(attributesOf(resource?.attributes)["service.name"]);
        for (const { scope, spans: sent } of scopeSpans ?? []) {
          spans.push(...(sent ?? []).map((span) => receivedSpan(span, scope?.name ?? "")));
        }
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    services,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString("utf8");
}

function receivedSpan(span: OtlpSpan, scope: string): ReceivedSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? null,
    scope,
    name: span.name,
    kind: span.kind,
    attributes: attributesOf(span.attributes),
    events: (span.events ?? []).map(({ name }) => name),
    links: (span.links ?? []).map(({ spanId, attributes }) => ({
      spanId,
      attributes: attributesOf(attributes),
    })),
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? null },
  };
}

function attributesOf(attributes: readonly KeyValue[] | undefined): Attributes {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: Value): unknown {
  if ("stringValue" in value) return value.stringValue;
  if ("intValue" in value) return Number(value.intValue);
  if ("doubleValue" in value) return value.doubleValue;
  if ("boolValue" in value) return value.boolValue;
  return (value.arrayValue.values ?? []).map(valueOf);
}
