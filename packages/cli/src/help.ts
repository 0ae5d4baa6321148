/** Help that fits the terminal, however narrow it is and however long the names of options are. */
import { textWidth } from "./render/width.ts";

/** Columns that a description beside its option must have; where it has fewer, it goes on below it. */
export const LEAST_DESCRIPTION_COLUMNS = 20;

/** How much further in a line goes on than it began. */
const CONTINUED = 4;

/**
 * Breaks what is wider than the terminal: an option from what is said of it, and between words. A word stays whole: it is something
 * to type.
 */
export function fitHelp(text: string, columns: number): string {
  return text
    .split("\n")
    .flatMap((line) => (textWidth(line) <= columns ? [line] : broken(line, columns)))
    .join("\n");
}

function broken(line: string, columns: number): readonly string[] {
  const indent = line.length - line.trimStart().length;
  const further = " ".repeat(indent === 0 ? 0 : indent + CONTINUED);
  const lines: string[] = [];
  for (const phrase of line.trim().split(/ {2,}/)) {
    const [first = "", ...words] = phrase.split(" ");
    let open = (lines.length === 0 ? " ".repeat(indent) : further) + first;
    for (const word of words) {
      if (textWidth(`${open} ${word}`) <= columns) open += ` ${word}`;
      else {
        lines.push(open);
        open = further + word;
      }
    }
    lines.push(open);
  }
  return lines;
}
