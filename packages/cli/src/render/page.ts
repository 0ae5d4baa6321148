/** Lines as a page: none wider than the terminal, styles kept whole. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CommandIo } from "../io.ts";
import { graphemes, textWidth } from "./width.ts";

/** The text of a page, ending with a newline. Without a terminal lines are as long as they are. */
export function page(lines: Iterable<string>, { columns }: CommandIo): string {
  let text = "";
  for (const line of lines) text += `${columns === null ? line : cutStyled(line, columns)}\n`;
  return text;
}

/** Characters that are written at once: at first few, so that something is there at once. */
const PRINTED = Object.freeze({ first: 1 << 7, most: 1 << 14, growth: 4 });

/** Prints a page that may be long, as it is made; in between, a reader that has gone (`| head`) ends the program. */
export async function printPage(lines: Iterable<string>, io: CommandIo): Promise<void> {
  let text = "";
  let length: number = PRINTED.first;
  for (const line of lines) {
    text += `${io.columns === null ? line : cutStyled(line, io.columns)}\n`;
    if (text.length < length) continue;
    io.out(text);
    text = "";
    length = Math.min(length * PRINTED.growth, PRINTED.most);
    await nextTurn();
  }
  if (text !== "") io.out(text);
}

/** Text that is safe and may be styled, cut to a number of columns and marked by `…`; what was switched on is switched off. */
export function cutStyled(text: string, columns: number): string {
  if (text.length <= columns && !WIDE.test(text)) return text;
  if (textWidth(text) <= columns) return text;
  let width = 0;
  let kept = "";
  let isCut = false;
  for (const piece of text.split(STYLE)) {
    if (piece.startsWith("\u001b")) {
      kept += piece;
      continue;
    }
    if (isCut) continue;
    for (const { segment } of graphemes(piece)) {
      const wide = textWidth(segment);
      if (width + wide > columns - 1) {
        isCut = true;
        kept += "…";
        break;
      }
      kept += segment;
      width += wide;
    }
  }
  return kept;
}

/** A list of short facts, with a dot between them, on as many lines as it takes. The facts are safe and not styled. */
export function factLines(facts: readonly string[], columns: number | null): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const fact of facts) {
    const longer = line === "" ? fact : `${line} · ${fact}`;
    if (columns !== null && line !== "" && textWidth(longer) > columns) {
      lines.push(line);
      line = fact;
    } else line = longer;
  }
  return [...lines, line];
}

/** Anything that may be wider than one column or is made of several code units. */
const WIDE = /[^\u0020-\u024f]/;
// oxlint-disable-next-line no-control-regex -- the sequences that styles are made of
const STYLE = /(\u001b\[[0-9;]*m)/;
