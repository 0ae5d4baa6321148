/** Recorded text on several lines: safe, as wide as the terminal, and not longer than it is worth. */
import stringWidth from "string-width";
import { escapeText } from "./escape.ts";

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
  for (const { segment } of segmenter.segment(safe)) {
    const wide = stringWidth(segment);
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
  if (stringWidth(line) < room) return line;
  const graphemes = [...segmenter.segment(line)].map(({ segment }) => segment);
  while (graphemes.length > 0 && stringWidth(graphemes.join("")) >= room) graphemes.pop();
  return graphemes.join("");
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
