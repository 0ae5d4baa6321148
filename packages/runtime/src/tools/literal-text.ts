/** Texts that TypeScript reads back as what they stand for: literals, property keys, comments. */

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

/** A string literal. Line separators are escaped, since not every reader takes them inside quotes. */
export function stringLiteral(value: string): string {
  return JSON.stringify(value)
    .replaceAll("\u2028", String.raw`\u2028`)
    .replaceAll("\u2029", String.raw`\u2029`);
}

/** A property key, quoted where it has to be. */
export function propertyKey(key: string): string {
  return PLAIN_KEY.test(key) ? key : stringLiteral(key);
}

/** A comment on lines of its own, or nothing for a blank text. Each line starts with `indent` and ends with a newline. */
export function comment(text: string, indent: string, maxCharacters: number): string {
  const lines = shorten(text.replaceAll(/\r\n?|[\u2028\u2029]/g, "\n").trim(), maxCharacters)
    .replaceAll("*/", String.raw`*\/`)
    .split("\n")
    .map((line) => line.trimEnd());
  if (lines.length > 1)
    return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
  return lines[0] ? `${indent}/** ${lines[0]} */\n` : "";
}

/** The first `maxCharacters` UTF-16 units of `text`, with `…` for the rest; never half a surrogate pair. */
export function shorten(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return `${text.slice(0, codePointBoundary(text, maxCharacters)).trimEnd()}…`;
}

/** `offset`, or the one before it when `offset` would split a surrogate pair. */
export function codePointBoundary(text: string, offset: number): number {
  const splits = isHighSurrogate(text.charCodeAt(offset - 1)) && isLowSurrogate(text.charCodeAt(offset));
  return splits ? offset - 1 : offset;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
