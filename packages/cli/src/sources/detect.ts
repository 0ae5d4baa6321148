/** The first lines of a file, from which its format is told. */
import type { JsonValue } from "@rollout-trace/protocol";
import { readHead } from "./compressed.ts";
import type { LogSample } from "./log/log-format.ts";

/** Enough for a few lines of any log. */
const HEAD_BYTES = 1 << 16;

/** A first line holds the host's instructions to the model and may be long. */
const LONG_HEAD_BYTES = 1 << 23;

/** The format shows in the first few records. */
const SAMPLE_LINES = 20;

/** The first lines of a file that are JSON; empty for a file that is no log. Throws what reading the file throws. */
export function sampleOf(path: string): LogSample {
  const sample = parseLines(readHead(path, HEAD_BYTES));
  return sample.length > 0 ? sample : parseLines(readHead(path, LONG_HEAD_BYTES));
}

function parseLines(head: Buffer): LogSample {
  const lines = head
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split("\n", SAMPLE_LINES);
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as JsonValue];
    } catch {
      // Cut off by the end of the head, or damaged: the others tell.
      return [];
    }
  });
}
