/** Trace files in a temporary folder, and what they reduce to. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";

export function traceFile(content: string | Uint8Array, name = "trace.json"): string {
  const folder = mkdtempSync(join(tmpdir(), "traces-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The rollout of a file, found out to be a trace by its content. */
export function graphOf(content: string | Uint8Array, rollout?: string): RolloutGraph {
  using source = openSource(traceFile(content), { rollout });
  if (source.format !== "otlp") throw new Error(`taken for ${source.format}`);
  return reduceRollout(source.rollout);
}

export interface SpanFields {
  readonly id: string;
  readonly parent?: string;
  readonly name?: string;
  /** Milliseconds after the beginning. */
  readonly at?: number;
  readonly until?: number;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly events?: readonly object[];
  readonly status?: object;
  readonly trace?: string;
}

const START_MS = 1_780_000_000_000;

/** An OTLP/JSON request with these spans. */
export function otlp(...spans: readonly SpanFields[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ "service.name": "host", "service.version": "2" }) },
        scopeSpans: [{ scope: { name: "test" }, spans: spans.map(spanOf) }],
      },
    ],
  });
}

function spanOf({
  id,
  parent,
  name = "span",
  at = 0,
  until = at + 1,
  attributes = {},
  ...rest
}: SpanFields): object {
  return {
    traceId: hex(rest.trace ?? "trace", 32),
    spanId: hex(id, 16),
    ...(parent === undefined ? {} : { parentSpanId: hex(parent, 16) }),
    name,
    kind: 1,
    startTimeUnixNano: `${START_MS + at}000000`,
    endTimeUnixNano: `${START_MS + until}000000`,
    attributes: attributesOf(attributes),
    events: rest.events ?? [],
    status: rest.status ?? {},
  };
}

/** A readable id as hexadecimal digits. */
export function hex(id: string, digits: number): string {
  return Buffer.from(id).toString("hex").padEnd(digits, "0").slice(0, digits);
}

export function attributesOf(attributes: Readonly<Record<string, unknown>>): readonly object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { intValue: String(value) };
  if (typeof value === "boolean") return { boolValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  const values = Object.entries(value as object).map(([key, member]) => ({ key, value: anyValue(member) }));
  return { kvlistValue: { values } };
}

/** The transcript of a thread in short. */
export function transcriptOf(graph: RolloutGraph, threadPath = "/root"): readonly string[] {
  const thread = Object.values(graph.threads).find(({ agent_path }) => agent_path === threadPath);
  return (thread?.conversation_item_ids ?? []).map((id) => {
    const item = graph.conversation_items[id];
    const parts = (item?.body.parts ?? []).map((part) =>
      part.type === "text" || part.type === "summary"
        ? part.text
        : part.type === "json"
          ? part.preview
          : part.type,
    );
    return `${item?.role} ${item?.kind}${item?.call_id === null ? "" : ` ${item?.call_id}`}: ${parts.join("|")}`;
  });
}
