/** Which spans belong to one rollout: those of one session, or of one trace where nothing names a session. */
import { GEN_AI, isJsonObject, ROLLOUT_TRACE, type SourceProblem } from "@rollout-trace/protocol";
import { parsed } from "./attributes.ts";
import type { SpanFile } from "./read-spans.ts";
import type { SourceSpan } from "./source-span.ts";
import { roleOf } from "./span-role.ts";

export interface TraceSession {
  readonly rolloutId: string;
  readonly startedTimeUs: number;
  readonly spans: readonly SourceSpan[];
  readonly problems: readonly SourceProblem[];
}

interface Trace {
  readonly name: string;
  /** By their ids. */
  readonly spans: Map<string, SourceSpan>;
  readonly problems: Set<SourceProblem>;
}

/** The sessions of some files, oldest first. Traces without anything of an agent are left out where there are others. */
export function sessionsOf(files: readonly SpanFile[]): readonly TraceSession[] {
  const traces = new Map<string, Trace>();
  for (const file of files) {
    for (const span of file.spans) {
      const key = span.traceId ?? file.path;
      let trace = traces.get(key);
      if (trace === undefined) {
        trace = {
          name: span.traceId ?? `spans of ${nameOf(file.path)}`,
          spans: new Map(),
          problems: new Set(),
        };
        traces.set(key, trace);
      }
      // It may be there again, by another order or once more when it had ended, in this file or another: the later one counts.
      const known = trace.spans.get(span.spanId);
      if (known === undefined || known.endUs === null || span.endUs !== null)
        trace.spans.set(span.spanId, span);
      for (const problem of file.problems) trace.problems.add(problem);
    }
  }
  const sessions = Map.groupBy(
    traces.values(),
    ({ name, spans }) => sessionIdOf([...spans.values()]) ?? name,
  );
  const all = [...sessions]
    .map(([rolloutId, members]) => {
      const spans = members.flatMap((trace) => [...trace.spans.values()]);
      return {
        rolloutId,
        startedTimeUs:
          spans.reduce((least, { startUs }) => (startUs === null ? least : Math.min(least, startUs)), FAR) %
          FAR,
        spans,
        problems: [...new Set(members.flatMap((trace) => [...trace.problems]))],
      };
    })
    .toSorted((left, right) => left.startedTimeUs - right.startedTimeUs);
  const ofAgents = all.filter(({ spans }) => spans.some((span) => roleOf(span) !== "other"));
  return ofAgents.length === 0 ? all : ofAgents;
}

const FAR = Number.MAX_SAFE_INTEGER;

const SESSION_NAMES = [
  ROLLOUT_TRACE.rolloutId,
  GEN_AI.conversationId,
  "session.id",
  "langfuse.session.id",
  "traceloop.association.properties.session_id",
  "ai.telemetry.metadata.sessionId",
  "langsmith.metadata.session_id",
] as const;

/** What the earliest span that names a session says. */
function sessionIdOf(spans: readonly SourceSpan[]): string | null {
  let earliest: SourceSpan | null = null;
  let found: string | null = null;
  for (const span of spans) {
    const id = span.attributes.text(...SESSION_NAMES) ?? metadataSession(span);
    if (id === null || (earliest !== null && (span.startUs ?? FAR) >= (earliest.startUs ?? FAR))) continue;
    earliest = span;
    found = id;
  }
  return found;
}

function metadataSession({ attributes }: SourceSpan): string | null {
  const metadata = parsed(attributes.get("metadata"));
  const id = isJsonObject(metadata) ? metadata["session_id"] : undefined;
  return typeof id === "string" && id !== "" ? id : null;
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
