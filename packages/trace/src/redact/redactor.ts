/**
 * Keeps secrets from the disk: every text that goes into a store goes through here before.
 *
 * Texts are JSON. The built-in rules work on the text itself, so that nothing but the secrets changes and a text without any
 * costs one look for markers. A secret becomes `[redacted:<rule>:<8 hex>]`; equal secrets of one store have equal digits.
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { JsonValue } from "@rollout-trace/protocol";
import { TraceStoreError } from "../trace-store-error.ts";
import { HostRules, type JsonPath } from "./host-rules.ts";
import { endOfString, namedSecrets, secretNames } from "./named-secrets.ts";
import { NAMED_RULE, type RedactOptions } from "./redact-options.ts";
import { redactionKey } from "./redaction-key.ts";
import { markersOf, SECRET_SHAPES, type SecretShape } from "./secret-shapes.ts";

/** Names of fields that are remembered, and how long they may be. */
const KEPT_KEYS = 1000;
const MAX_KEPT_KEY = 64;

const [QUOTE, BRACE, BRACKET] = [0x22, 0x7b, 0x5b];

/** Secrets whose digits are kept in memory, and how long they may be. */
const KEPT_DIGITS = 128;
const MAX_KEPT_SECRET = 1024;

export interface Redactor {
  /** How many secrets were replaced, by rule. What a payload repeats of the one before it counts once. */
  readonly counts: Readonly<Record<string, number>>;
  /** The JSON text of the value at a place of a payload document. Throws when it cannot be made safe. */
  value(text: string, path: JsonPath): string;
  /** The JSON texts of a field's name and value, at the top of a payload document. Throws like `value`. */
  field(name: string, text: string): readonly [name: string, text: string];
  /** The JSON text of an event. Throws when it cannot be made safe. */
  event(text: string): string;
  /** A text that is no JSON: an id, a message, the beginning of something. Never throws. */
  text(text: string): string;
}

/** Leaves everything as it is. */
export const NO_REDACTION: Redactor = Object.freeze({
  counts: Object.freeze({}),
  value: (text: string) => text,
  field: (name: string, text: string) => [JSON.stringify(name), text] as const,
  event: (text: string) => text,
  text: (text: string) => text,
});

export class SecretRedactor implements Redactor {
  /** Where the key lies beside; null for a key of this redactor alone. */
  readonly #storePath: string | null;
  readonly #counts: Map<string, number> = new Map();
  readonly #shapes: readonly SecretShape[];
  readonly #markers: readonly RegExp[];
  readonly #patterns: RegExp;
  readonly #names: RegExp | null;
  readonly #plainKeys: Map<string, string> = new Map();
  readonly #hostRules: HostRules;
  #key: KeyObject | null = null;
  /** Of secrets that were met lately: a host repeats the few that it has. */
  readonly #digits: Map<string, string> = new Map();

  constructor(storePath: string | null, { rules = [], names = [], paths = [], keep = [] }: RedactOptions) {
    this.#storePath = storePath;
    this.#shapes = SECRET_SHAPES.filter(({ name }) => !keep.includes(name));
    this.#markers = markersOf(this.#shapes);
    this.#patterns = new RegExp(this.#shapes.map(({ pattern }) => `(${pattern})`).join("|"), "g");
    this.#names = keep.includes(NAMED_RULE) ? null : secretNames(names);
    this.#hostRules = new HostRules(rules, paths, (rule, secret) => this.#placeholder(rule, secret));
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  value(text: string, path: JsonPath): string {
    const redacted = this.#builtIn(text);
    if (this.#hostRules.isEmpty) return redacted;
    return JSON.stringify(this.#hostRules.value(JSON.parse(redacted) as JsonValue, path));
  }

  field(name: string, text: string): readonly [name: string, text: string] {
    const plainKey = this.#plainKey(name);
    if (plainKey !== null && (isScalar(text) || !this.#mayHave(text)) && this.#hostRules.isEmpty) {
      return [plainKey, text];
    }
    const redacted = this.#builtIn(`{${JSON.stringify(name)}:${text}}`);
    const keyEnd = endOfString(redacted, 2, 0) + 1;
    const [newKey, newText] = [redacted.slice(1, keyEnd), redacted.slice(keyEnd + 1, -1)];
    if (this.#hostRules.isEmpty) return [newKey, newText];
    const hostKey = this.#hostRules.text(JSON.parse(newKey) as string);
    const value = this.#hostRules.value(JSON.parse(newText) as JsonValue, [name]);
    return [JSON.stringify(hostKey), JSON.stringify(value)];
  }

  event(text: string): string {
    const redacted = this.#builtIn(text);
    if (this.#hostRules.isEmpty) return redacted;
    return JSON.stringify(this.#hostRules.event(JSON.parse(redacted) as JsonValue));
  }

  text(text: string): string {
    let redacted = text;
    if (this.#mayHave(text)) {
      try {
        redacted = JSON.parse(this.#builtIn(JSON.stringify(text))) as string;
      } catch {
        redacted = this.#placeholder("text", text);
      }
    }
    return this.#hostRules.isEmpty ? redacted : this.#hostRules.textOrNothing(redacted);
  }

  /** The JSON text of a name that has nothing to do with secrets, or null. Documents have few names, again and again. */
  #plainKey(name: string): string | null {
    const known = this.#plainKeys.get(name);
    if (known !== undefined) return known;
    const key = JSON.stringify(name);
    if (this.#mayHave(key)) return null;
    if (this.#plainKeys.size >= KEPT_KEYS) this.#plainKeys.clear();
    if (name.length <= MAX_KEPT_KEY) this.#plainKeys.set(name, key);
    return key;
  }

  #mayHave(text: string): boolean {
    return this.#hasMarker(text) || this.#hasNames(text);
  }

  #hasMarker(text: string): boolean {
    return this.#markers.some((marker) => marker.test(text));
  }

  #hasNames(text: string): boolean {
    if (this.#names === null) return false;
    this.#names.lastIndex = 0;
    return this.#names.test(text);
  }

  #builtIn(text: string): string {
    const byShape = this.#hasMarker(text) ? this.#byShape(text) : text;
    const redacted = this.#byName(byShape);
    if (redacted !== text && !isJson(redacted)) {
      throw new TraceStoreError("unrecordable", "what is left of it without its secrets is no JSON");
    }
    return redacted;
  }

  #byShape(text: string): string {
    return text.replace(this.#patterns, (match: string, ...groups: readonly unknown[]) => {
      const shape = this.#shapes[groups.findIndex((group) => group !== undefined)];
      if (shape === undefined) return match;
      const place = shape.secretIn === undefined ? ([0, match.length] as const) : shape.secretIn(match);
      if (place === null) return match;
      const [start, end] = place;
      const placeholder = this.#placeholder(shape.name, unquote(match.slice(start, end), 64));
      return `${match.slice(0, start)}${placeholder}${match.slice(end)}`;
    });
  }

  #byName(text: string): string {
    if (this.#names === null) return text;
    let redacted = "";
    let at = 0;
    for (const { start, end, layers } of namedSecrets(text, this.#names)) {
      const placeholder = this.#placeholder(NAMED_RULE, unquote(text.slice(start, end), layers));
      redacted += text.slice(at, start) + placeholder;
      at = end;
    }
    return at === 0 ? text : redacted + text.slice(at);
  }

  #placeholder(rule: string, secret: string): string {
    this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + 1);
    return `[redacted:${rule}:${this.#digitsOf(secret)}]`;
  }

  #digitsOf(secret: string): string {
    const known = this.#digits.get(secret);
    if (known !== undefined) return known;
    this.#key ??= createSecretKey(redactionKey(this.#storePath));
    const digits = createHmac("sha256", this.#key).update(secret).digest("hex").slice(0, 8);
    if (this.#digits.size >= KEPT_DIGITS) this.#digits.clear();
    // A copy: what was cut out of a text holds on to all of that.
    if (secret.length <= MAX_KEPT_SECRET) this.#digits.set(Buffer.from(secret).toString(), digits);
    return digits;
  }
}

/** The secret itself, of what stands for it within layers of JSON strings: the same wherever it stood. */
function unquote(text: string, layers: number): string {
  let result = text;
  try {
    for (let layer = 0; layer < layers && result.includes("\\"); layer += 1) {
      result = JSON.parse(`"${result}"`) as string;
    }
  } catch {
    // Not JSON all the way: a quote of another language.
  }
  return result;
}

/** Whether a JSON text is a number, true, false or null, in which there can be no secret. */
function isScalar(text: string): boolean {
  const first = text.charCodeAt(0);
  return first !== QUOTE && first !== BRACE && first !== BRACKET;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
