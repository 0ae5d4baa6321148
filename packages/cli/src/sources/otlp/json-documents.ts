/** The JSON documents of a text: one, several one after another, or one on each line. */
import type { JsonValue } from "@rollout-trace/protocol";

export interface FoundDocument {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly value: JsonValue;
  /** Why it cannot be read; null for one that can. */
  readonly error: unknown;
}

export function documentsIn(text: string): readonly FoundDocument[] {
  const body = text.replace(/^\uFEFF/, "");
  try {
    return [{ line: 1, value: JSON.parse(body) as JsonValue, error: null }];
  } catch (error) {
    const lines = body.split("\n");
    const perLine = lines.every((line) => line.trim() === "" || /^\s*[[{]/.test(line)) && lines.length > 1;
    return perLine ? onEachLine(lines) : oneAfterAnother(body, error);
  }
}

function onEachLine(lines: readonly string[]): readonly FoundDocument[] {
  return lines.flatMap((line, index) => (line.trim() === "" ? [] : [parse(line, index + 1)]));
}

/** Documents end where their brackets do. */
function oneAfterAnother(body: string, error: unknown): readonly FoundDocument[] {
  const found: FoundDocument[] = [];
  let start = 0;
  let line = 1;
  for (const end of ends(body)) {
    const piece = body.slice(start, end);
    found.push(parse(piece, line + (/^\s*/.exec(piece)?.[0].split("\n").length ?? 1) - 1));
    line += piece.split("\n").length - 1;
    start = end;
  }
  if (body.slice(start).trim() !== "") found.push({ line, value: null, error });
  return found;
}

/** Where the outermost brackets close. */
function* ends(text: string): Generator<number, void, undefined> {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (inString) {
      if (unit === BACKSLASH) index += 1;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) depth += 1;
    else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) yield index + 1;
      if (depth < 0) return;
    }
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

function parse(text: string, line: number): FoundDocument {
  try {
    return { line, value: JSON.parse(text) as JsonValue, error: null };
  } catch (error) {
    return { line, value: null, error };
  }
}
