/** Recorded text on several lines: safe, as wide as the terminal, and not longer than it is worth. */
import { escapeText } from "./escape.ts";
import { graphemes, textWidth } from "./width.ts";

export interface WrapOptions {
  /** Columns of the terminal, or null for one line of any length. */
  readonly columns: number | null;
  /** Put before every line. */
  readonly indent: string;
  /** Lines kept; the last one ends with `…` when there was more. */
  readonly lines: number;
}

/** Columns below which a line is not cut further, however narrow the terminal. */
const LEAST_COLUMNS = 16;

/** The escaped text, broken between graphemes so that no line is wider than the terminal. */
export function wrapText(text: string, { columns, indent, lines }: WrapOptions): readonly string[] {
  if (columns === null) return [indent + escapeText(text)];
  const room = Math.max(LEAST_COLUMNS, columns - indent.length);
  // A column is made of at most a few code units; what is far beyond the last line need not be looked at.
  const safe = escapeText(text.slice(0, room * lines * 4));
  const wrapped: string[] = [];
  let line = "";
  let width = 0;
  for (const { segment } of graphemes(safe)) {
    const wide = textWidth(segment);
    if (width + wide > room) {
      if (wrapped.length === lines - 1) return [...wrapped, `${indent}${cutLast(line, room)}…`];
      wrapped.push(indent + line);
      line = "";
      width = 0;
    }
    line += segment;
    width += wide;
  }
  return [...wrapped, indent + line];
}

function cutLast(line: string, room: number): string {
  if (textWidth(line) < room) return line;
  const kept = [...graphemes(line)].map(({ segment }) => segment);
  while (kept.length > 0 && textWidth(kept.join("")) >= room) kept.pop();
  return kept.join("");
}

/**
 * A sentence of safe text, broken between words, and a word that is longer than a line within it. `lead` is put in front of it; it
 * may be styled and stays whole.
 */
export function wrapWords(text: string, columns: number | null, lead = ""): readonly string[] {
  if (columns === null) return [lead + text];
  const lines: string[] = [];
  let line = lead;
  for (const [index, word] of text.split(" ").entries()) {
    const longer = index === 0 ? line + word : `${line} ${word}`;
    if (textWidth(longer) <= columns) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line.trimEnd());
    const indent = line === "" ? "" : CONTINUED;
    const pieces = wrapText(word, { columns, indent, lines: Number.POSITIVE_INFINITY });
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? "";
  }
  return [...lines, line];
}

/** Something and what is to be said of it, in one line or where that is too narrow in two. Both are safe; `styled` is `facts` in colour. */
export function withFacts(
  head: string,
  { facts, styled, indent }: { readonly facts: string; readonly styled: string; readonly indent: string },
  columns: number | null,
): readonly string[] {
  const isWide = columns === null || textWidth(`${head}  ${facts}`) <= columns;
  return isWide ? [`${head}  ${styled}`] : [head, indent + styled];
}

/** Before what does not fit on the first line. */
const CONTINUED = "  ";
