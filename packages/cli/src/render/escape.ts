/**
 * Recorded text on a terminal: everything inside a recording is untrusted, so nothing of it may move the cursor, change
 * colours, hide or reorder text, or take more room than it is given.
 */
import { graphemes, textWidth } from "./width.ts";

/**
 * Control characters (C0, DEL, C1), marks that reorder or hide text (bidirectional controls, zero-width characters, tags,
 * line and paragraph separators) and lone surrogates.
 */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- these are the characters that must not reach a terminal
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const SHORT: ReadonlyMap<string, string> = new Map([
  ["\n", "⏎"],
  ["\r", "\\r"],
  ["\t", " "],
]);

/** The text on one line, with everything unsafe shown as an escape. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character, ...rest: readonly unknown[]) => {
    if (character === JOINER && joinsPictures(text, rest)) return character;
    const short = SHORT.get(character);
    if (short !== undefined) return short;
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`;
  });
}

/** Lines that are not a command's result, such as messages: each made safe, the breaks between them kept. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeText).join("\n");
}

/** JSON text for a terminal: the same value, with everything unsafe in its strings written as JSON escapes. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) =>
    character === "\n" ? character : [...unitsOf(character)].map((unit) => `\\u${hex(unit, 4)}`).join(""),
  );
}

function* unitsOf(text: string): Generator<number, void, undefined> {
  for (let index = 0; index < text.length; index += 1) yield text.charCodeAt(index);
}

/** U+200D makes one picture of several, as in 👩‍🔬; between anything else it only hides. */
const JOINER = "\u200d";
const PICTURE_BEFORE = /\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?$/u;
const PICTURE_AFTER = /^\p{Extended_Pictographic}/u;

function joinsPictures(text: string, groups: readonly unknown[]): boolean {
  const offset = groups.find((group) => typeof group === "number") ?? 0;
  const before = text.slice(Math.max(0, offset - PICTURE_UNITS), offset);
  return (
    PICTURE_BEFORE.test(before) && PICTURE_AFTER.test(text.slice(offset + 1, offset + 1 + PICTURE_UNITS))
  );
}

/** Code units of a picture with what may follow it: more need not be looked at. */
const PICTURE_UNITS = 6;

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** The escaped text cut to a number of columns, the cut marked by `…`. */
export function fitText(text: string, columns: number): string {
  const head = text.length <= columns + 1 ? text : text.slice(0, columns + 1);
  if (PLAIN.test(head)) {
    if (text.length <= columns) return onOneLine(text);
    // What comes after the cut may belong to the character before it, so one more is looked at than is kept.
    return `${onOneLine(head.slice(0, Math.max(0, columns - 1))).trimEnd()}…`;
  }
  // A column is made of at most a few code units; what is far beyond the cut need not be looked at.
  const safe = escapeText(text.slice(0, columns * 8 + 8));
  if (textWidth(safe) <= columns && text.length <= columns * 8 + 8) return safe;
  let width = 0;
  let kept = "";
  for (const { segment } of graphemes(safe)) {
    width += textWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** A column for each when it is escaped. */
const PLAIN = /^[\x20-\x7e\n\t]*$/;

/** `escapeText` for plain text. */
function onOneLine(text: string): string {
  return text.replaceAll("\n", "⏎").replaceAll("\t", " ");
}
