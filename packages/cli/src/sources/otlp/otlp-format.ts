/** Traces of agents: OTLP/JSON and what exporters and span stores write of the same. */
import { readFileSync, statSync } from "node:fs";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { CliError } from "../../errors.ts";
import { compressionOf } from "../compressed.ts";
import { type LogFormat, readEach, rolloutsOf } from "../log/log-format.ts";
import { openTraces } from "./open-traces.ts";
import { readSpans } from "./read-spans.ts";
import { sessionsOf } from "./sessions.ts";

/** What only spans have, near the beginning of a file. */
const TELLING =
  /"(?:resourceSpans|scopeSpans|spanContext|span_tree|span_data|openinference\.span\.kind|gen_ai\.[a-z_.]+|ai\.operationId)"\s*:/;
const TRACE_ID = /"trace_?[iI]d"\s*:/;
const SPAN_ID = /"span_?[iI]d"\s*:/;

function tellsSpans(head: string): boolean {
  return TELLING.test(head) || (TRACE_ID.test(head) && SPAN_ID.test(head));
}

/** A document is read whole, as text; V8 has no longer ones. */
const MAX_BYTES = 2 ** 29 - 1;

export const otlpFormat: LogFormat = {
  files: "traces of agents",

  recognises: (sample) => sample.some((line) => tellsSpans(JSON.stringify(line).slice(0, TOLD_BY))),

  recognisesText: tellsSpans,

  rollouts(paths, report) {
    const files = readEach(paths, (path) => readSpans(path, textOf(path)), report);
    // What is wrong with the others, their rollouts say.
    for (const { problems, spans } of files) if (spans.length === 0) problems.forEach(report);
    return rolloutsOf(sessionsOf(files), (session) => ({
      rollout: openTraces(session),
      [Symbol.dispose]: () => undefined,
    }));
  },
};

/** Characters of a line that tell its kind. */
const TOLD_BY = 4_096;

function textOf(path: string): string {
  const { size } = statSync(path);
  if (size > MAX_BYTES) {
    throw new CliError(
      "unreadable_source",
      `${path}: ${size} bytes; traces of more than ${MAX_BYTES} are not read`,
    );
  }
  const bytes = readFileSync(path);
  const options = { maxOutputLength: MAX_BYTES };
  switch (compressionOf(bytes)) {
    case "gzip":
      return gunzipSync(bytes, options).toString("utf8");
    case "zstd":
      return zstdDecompressSync(bytes, options).toString("utf8");
    case null:
      return bytes.toString("utf8");
  }
}
