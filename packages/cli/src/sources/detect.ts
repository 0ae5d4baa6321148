/** The first lines of a file, from which its format and what it is about are told, without reading or unpacking all of it. */
import type { JsonValue } from "@rollout-trace/protocol";
import { readHead } from "./compressed.ts";
import type { LogSample } from "./log/log-format.ts";

/** Enough for a few lines of any log. */
const HEAD_BYTES = 1 << 16;

/** A first line holds the host's instructions to the model and may be long. */
const LONG_HEAD_BYTES = 1 << 23;

/** The format shows in the first few records. */
const SAMPLE_LINES = 20;

export interface HeadLine {
  /** Counted from 1. */
  readonly number: number;
  readonly value: JsonValue;
}

export interface HeadOptions {
  /** Bytes that are read of the file, unless there is no whole line in them. */
  readonly bytes: number;
  /** Lines that are looked at. */
  readonly lines: number;
}

/** The first lines of a file that are JSON; empty for a file that is no log. Throws what reading or unpacking the file throws. */
export function headLinesOf(path: string, { bytes, lines }: HeadOptions): readonly HeadLine[] {
  const head = parseLines(readHead(path, bytes), lines);
  return head.length > 0 ? head : parseLines(readHead(path, LONG_HEAD_BYTES), lines);
}

/** What tells the format of a file. Throws like `headLinesOf`. */
export function sampleOf(path: string): LogSample {
  return headLinesOf(path, { bytes: HEAD_BYTES, lines: SAMPLE_LINES }).map(({ value }) => value);
}

/** The beginning of a file as text. Throws like `headLinesOf`. */
export function textHeadOf(path: string): string {
  return readHead(path, HEAD_BYTES).toString("utf8");
}

function parseLines(head: Buffer, limit: number): readonly HeadLine[] {
  const lines = head
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split("\n", limit);
  return lines.flatMap((line, index) => {
    try {
      return [{ number: index + 1, value: JSON.parse(line) as JsonValue }];
    } catch {
      // Cut off by the end of the head, or damaged: the others tell.
      return [];
    }
  });
}
