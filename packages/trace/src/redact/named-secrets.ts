/**
 * Secrets that are known only by the name they stand under: fields of objects, headers, assignments in scripts and shells,
 * parameters of URLs, options of commands.
 *
 * Works on JSON text and on whatever its strings hold, JSON in a string included: there every quote has a run of backslashes
 * before it, whose length tells how deep it is. Each character is looked at a bounded number of times.
 */

/** Where a secret stands in a text, and within how many layers of quoting. */
export interface NamedSecret {
  readonly start: number;
  readonly end: number;
  /** How often `JSON.parse` has to take the text between the two as a string's content to get at the secret itself. */
  readonly layers: number;
}

/** The end of a name; anything may come before it (`db_password`, `X-Api-Key`, `clientSecret`). */
const BUILT_IN_NAMES =
  "pass(?:word|wd|phrase|code)|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|(?:api|access|private|encryption|signing|auth|account|master)[_-]?key|token|credential|authorization|cookie|connection[_-]?string";

/** Names that end in `token` and mean a position or a piece of text. */
const HARMLESS_TOKEN =
  /(?:page|next|prev(?:ious)?|continuation|continue|sync|cancel(?:lation)?|start|stop|end|eos|bos|pad|unk|mask|sep|cls|special|prompt|completion)[_-]?$/i;

/** Values that stand for something else than themselves. */
const HARMLESS_VALUE =
  /^(?:string|number|boolean|object|null|undefined|none|true|false|required|optional|hidden|\*+|\.{3}|…|<[^<>]{0,80}>|\$\{?\w{1,80}\}?|\{\{[^{}]{0,80}\}\}|%\w{1,80}%|(?:[\w-]{1,20} )?\[redacted:[^\]]{0,80}\])$/i;

/** The working directory, which goes by the same short name as a password. */
const FOLDER = /^(?:[/~.]|[A-Za-z]:)/;

/** What stands before a name that is the name of a rule. */
const IN_PLACEHOLDER = /\[redacted:[a-z0-9_]{0,32}$/;

/** Longest run of spaces and escaped line breaks between a name and its value. */
const MAX_BLANK = 16;

/** Characters that a value in single quotes has at most. */
const MAX_FOREIGN = 1024;

const BLANK = new RegExp(String.raw`(?:[ \t\r\n]|\\{1,64}[nrt]){0,${MAX_BLANK}}`, "y");
const BARE_VALUE = /[^\s"'`,;&\\(){}<>[\]|]{1,1024}/y;
const REST_OF_LINE = /[^"'`\\\r\n{}]{1,4096}/y;
const COOKIE = /[\w.-]{1,128}=[^\s"'`\\]/y;
const CREDENTIALS = /(?:[\w-]{1,20} )?[^\s"'`\\{}]{8,4096}(?=["'`\\\r\n]|$)/y;
const SEPARATOR = /:=|=>|={1,3}|:/y;
const JSON_NUMBER = /-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,10})?(?=[\s,}\]\\])/y;
const PAIR = /,(?:[ \t\r\n]|\\{1,64}[nrt]){0,16}(\\{0,64}")value\1(?:[ \t\r\n]|\\{1,64}[nrt]){0,16}:/iy;
const AFTER_STRING = /[}\]]|[:,](?:[ \t\r\n]|\\{1,64}[nrt]){0,16}(?:\\{0,64}"|[-[{0-9tfn])/y;
const COMMA = /,(?:[ \t\r\n]|\\{1,64}[nrt]){0,16}/y;

/** A pattern that finds where names of secrets end, with further names where there are any. */
export function secretNames(more: readonly string[]): RegExp {
  const escaped = more.map((name) =>
    name.replaceAll(/[^A-Za-z0-9]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
  return new RegExp(`(?:${[...escaped, BUILT_IN_NAMES].join("|")})s?`, "gi");
}

/** The secrets in `text` that stand under one of `names`, in order and without overlap. */
export function* namedSecrets(text: string, names: RegExp): Generator<NamedSecret, void> {
  names.lastIndex = 0;
  for (let match = names.exec(text); match !== null; match = names.exec(text)) {
    const from = match.index;
    const resume = names.lastIndex;
    const isFolder = match[0].toLowerCase() === "pwd";
    let next = resume;
    for (const secret of valueAt(text, from, from + match[0].length)) {
      if (isFolder && FOLDER.test(text.slice(secret.start, secret.start + 2))) continue;
      yield secret;
      next = secret.end;
    }
    // Whoever takes the secrets may have used the same pattern.
    names.lastIndex = Math.max(next, resume);
  }
}

function valueAt(text: string, nameStart: number, nameEnd: number): readonly NamedSecret[] {
  const name = text.slice(nameStart, nameEnd).toLowerCase();
  if (name === "tokens") return [];
  if (name === "token" && HARMLESS_TOKEN.test(text.slice(Math.max(0, nameStart - 16), nameStart))) return [];
  if (IN_PLACEHOLDER.test(text.slice(Math.max(0, nameStart - 48), nameStart))) return [];
  let at = nameEnd;
  while (at < nameEnd + 2 && isDigit(text.charCodeAt(at))) at += 1;
  if (isNameCharacter(text.charCodeAt(at))) return [];
  const quote = quoteAt(text, at);
  if (quote !== null) at = quote.after;
  if (text[at] === "]") at += 1;
  const isOption = hasDashes(text, nameStart);
  if (quote !== null) {
    const paired = after(PAIR, text, at) ?? (isOption ? after(COMMA, text, at) : null);
    if (paired !== null) return quotedValues(text, skip(BLANK, text, paired), quote);
  }
  const blankEnd = skip(BLANK, text, at);
  const separatorEnd = after(SEPARATOR, text, blankEnd);
  if (separatorEnd === null) return isOption && text[at] === " " ? bareValue(text, at + 1, true) : [];
  const valueStart = skip(BLANK, text, separatorEnd);
  const quoted = quotedValues(text, valueStart, quote);
  if (quoted.length > 0 || quoteAt(text, valueStart) !== null) return quoted;
  // A number in JSON: in its place a placeholder would be no JSON.
  if (quote?.sign === '"' && after(JSON_NUMBER, text, valueStart) !== null) return [];
  if (text[separatorEnd - 1] === ":" && (name === "cookie" || name === "authorization")) {
    return headerValue(text, valueStart, name);
  }
  const isTight = text[separatorEnd - 1] === "=" && valueStart === at + 1;
  return bareValue(text, valueStart, isTight && isLoud(text, nameStart, nameEnd), isTight);
}

interface Quote {
  readonly sign: string;
  readonly backslashes: number;
  readonly after: number;
}

function quoteAt(text: string, at: number): Quote | null {
  let sign = at;
  while (sign < at + 64 && text[sign] === "\\") sign += 1;
  const character = text[sign];
  if (character !== '"' && character !== "'" && character !== "`") return null;
  return { sign: character, backslashes: sign - at, after: sign + 1 };
}

/** A quoted value, or all the quoted values of an array. */
function quotedValues(text: string, at: number, nameQuote: Quote | null): readonly NamedSecret[] {
  if (text[at] !== "[") return secretIfAny(text, quotedAt(text, at, nameQuote));
  const secrets: NamedSecret[] = [];
  for (let next: number | null = skip(BLANK, text, at + 1); next !== null;) {
    const quoted = quotedAt(text, next, nameQuote);
    if (quoted === null) break;
    secrets.push(...secretIfAny(text, quoted));
    next = after(COMMA, text, skip(BLANK, text, quoted.end + quoted.closing));
  }
  return secrets;
}

/** Whether a quote after a name begins its value, and does not end the string that the name is in. */
function mayOpen(text: string, quote: Quote, nameQuote: Quote | null): boolean {
  if (quote.sign !== '"') return true;
  if (nameQuote?.sign === '"') return quote.backslashes === nameQuote.backslashes;
  return quote.backslashes > 0 && after(AFTER_STRING, text, quote.after) === null;
}

interface Quoted extends NamedSecret {
  /** Characters of the closing quote. */
  readonly closing: number;
}

function quotedAt(text: string, at: number, nameQuote: Quote | null): Quoted | null {
  const quote = quoteAt(text, at);
  if (quote === null || !mayOpen(text, quote, nameQuote)) return null;
  const { sign, backslashes, after: start } = quote;
  if (sign === '"') {
    const end = endOfString(text, start, backslashes);
    return { start, end, layers: Math.ceil(Math.log2(backslashes + 1)) + 1, closing: backslashes + 1 };
  }
  // Of another language: near, and within the JSON string that all of this is in.
  const near = text.slice(start, start + MAX_FOREIGN);
  const found = near.indexOf(sign);
  if (found < 0 || endOfString(near, 0, 0) < found) {
    return { start, end: skip(BARE_VALUE, text, start), layers: 1, closing: 0 };
  }
  let length = found;
  while (length > 0 && near[length - 1] === "\\") length -= 1;
  return { start, end: start + length, layers: 1, closing: found - length + 1 };
}

/**
 * Where the content of a JSON string ends whose quotes have `backslashes` before them, or where the string around it does.
 * Content never ends within an escape: a quote that belongs to the content has more backslashes, by multiples.
 */
export function endOfString(text: string, start: number, backslashes: number): number {
  const period = 2 * (backslashes + 1);
  for (let quote = text.indexOf('"', start); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let run = 0;
    while (quote - run > start && text[quote - run - 1] === "\\") run += 1;
    // Quotes within the string have one backslash less than a multiple of what this one counts in.
    if ((run + 1) % (backslashes + 1) !== 0) return quote - run;
    if (run % period === backslashes) return quote - backslashes;
  }
  return text.length;
}

function secretIfAny(text: string, quoted: NamedSecret | null): readonly NamedSecret[] {
  if (quoted === null || quoted.start >= quoted.end) return [];
  const isShort = quoted.end - quoted.start <= 128;
  if (isShort && HARMLESS_VALUE.test(text.slice(quoted.start, quoted.end))) return [];
  return [{ start: quoted.start, end: quoted.end, layers: quoted.layers }];
}

/**
 * A value without quotes. In a script it is more likely an expression than a secret, so that it has to look like one: `may`
 * accepts mere words too, `isTight` those with nothing between name and value.
 */
function bareValue(
  text: string,
  start: number,
  mayBeWord: boolean,
  isTight = mayBeWord,
): readonly NamedSecret[] {
  const end = skip(BARE_VALUE, text, start);
  const value = text.slice(start, end);
  if (value.length < 6 || text[end] === "(" || value.startsWith("[") || HARMLESS_VALUE.test(value)) return [];
  if (/^(?:process\.env|os\.environ|import\.meta)\b/.test(value)) return [];
  const hasDigit = /[0-9]/.test(value);
  const isPath = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*$/.test(value);
  const accepted = mayBeWord || (isTight ? hasDigit || !isPath : hasDigit && value.length >= 8);
  return accepted ? [{ start, end, layers: 1 }] : [];
}

function headerValue(text: string, start: number, name: string): readonly NamedSecret[] {
  if (after(name === "cookie" ? COOKIE : CREDENTIALS, text, start) === null) return [];
  const end = start + text.slice(start, skip(REST_OF_LINE, text, start)).trimEnd().length;
  const value = text.slice(start, end);
  if (HARMLESS_VALUE.test(value.slice(0, 128)) || !/[0-9=]/.test(value)) return [];
  return [{ start, end, layers: 1 }];
}

/** Whether the name is written in capitals, as in an environment. */
function isLoud(text: string, start: number, end: number): boolean {
  return /^[A-Z0-9_]+$/.test(text.slice(start, end));
}

/** Whether the word that ends in the name is an option of a command: `--password`, `--db-password`. */
function hasDashes(text: string, nameStart: number): boolean {
  return /(?:^|[^\w-])--[A-Za-z0-9-]{0,24}$/.test(text.slice(Math.max(0, nameStart - 28), nameStart));
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isNameCharacter(code: number): boolean {
  return (
    isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code === 45
  );
}

/** The end of what a sticky pattern matches at `at`; `at` itself when it does not. */
function skip(pattern: RegExp, text: string, at: number): number {
  return after(pattern, text, at) ?? at;
}

function after(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
