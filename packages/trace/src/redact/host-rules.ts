/** The host's own rules and paths: they see the strings of a JSON value, not its text, and cost a walk through it. */
import { isJsonObject, type JsonValue } from "@rollout-trace/protocol";
import { TraceStoreError } from "../trace-store-error.ts";
import { PATH_RULE, type RedactionRule } from "./redact-options.ts";

/** Keys and indices from the root of a document. */
export type JsonPath = readonly string[];

/** Makes the placeholder of a secret, and counts it. */
export type Replace = (rule: string, secret: string) => string;

/** Values in events that are not free text: the vocabulary of the protocol, and the names of payloads. */
const VOCABULARY: ReadonlySet<string> = new Set([
  "type",
  "status",
  "end_cause",
  "dialect",
  "outcome",
  "mode",
  "cause",
  "limit",
  "payload_id",
  "kind",
]);

/** Fields of events below which everything is the host's. */
const FREE_FIELDS: ReadonlySet<string> = new Set(["attributes", "metadata"]);

export class HostRules {
  readonly #rules: readonly RedactionRule[];
  readonly #paths: readonly JsonPath[];
  readonly #replace: Replace;

  constructor(rules: readonly RedactionRule[], paths: readonly string[], replace: Replace) {
    this.#rules = rules.map((rule) =>
      "pattern" in rule ? { ...rule, pattern: everywhere(rule.pattern) } : rule,
    );
    this.#paths = paths.map((path) => path.split("."));
    this.#replace = replace;
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0 && this.#paths.length === 0;
  }

  /** A value of a payload document, by its place in it. Throws when a rule does. */
  value(value: JsonValue, path: JsonPath): JsonValue {
    if (this.#paths.some((pattern) => matches(pattern, path))) {
      return this.#replace(PATH_RULE, typeof value === "string" ? value : JSON.stringify(value));
    }
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      return value.map((element: JsonValue, index) => this.value(element, [...path, String(index)]));
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [this.text(key), this.value(field, [...path, key])]),
    );
  }

  /** An event. A string on which a rule fails is replaced as a whole, so that the event stands. */
  event(value: JsonValue, isFree = false): JsonValue {
    if (typeof value === "string") return this.textOrNothing(value);
    if (Array.isArray(value)) return value.map((element: JsonValue) => this.event(element, isFree));
    if (!isJsonObject(value)) return value;
    const isOther = !isFree && value["type"] === "other";
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => {
        const isWord =
          !isFree && VOCABULARY.has(key) && typeof field === "string" && !(isOther && key === "kind");
        const name = isFree ? this.textOrNothing(key) : key;
        return [name, isWord ? field : this.event(field, isFree || FREE_FIELDS.has(key))];
      }),
    );
  }

  text(text: string): string {
    return this.#apply(text, (rule) => {
      throw new TraceStoreError("unrecordable", `the redaction rule ${rule} failed`);
    });
  }

  textOrNothing(text: string): string {
    return this.#apply(text, (rule) => this.#replace(rule, text));
  }

  #apply(text: string, failed: (rule: string) => string): string {
    let result = text;
    for (const rule of this.#rules) {
      try {
        result =
          "pattern" in rule
            ? this.#byPattern(rule.name, rule.pattern, result)
            : this.#byFinding(rule, result);
      } catch {
        // What was thrown may quote the string.
        return failed(rule.name);
      }
    }
    return result;
  }

  #byPattern(name: string, pattern: RegExp, text: string): string {
    return text.replace(pattern, (match: string, ...rest: readonly unknown[]) => {
      const groups = rest.at(-1);
      const secret =
        typeof groups === "object" && groups !== null ? (groups as { secret?: string }).secret : match;
      if (secret === undefined || secret === "") return match;
      return match.replace(secret, () => this.#replace(name, secret));
    });
  }

  #byFinding(rule: Extract<RedactionRule, { readonly find: unknown }>, text: string): string {
    let result = text;
    for (const secret of rule.find(text)) {
      if (typeof secret !== "string") throw new TypeError("no string");
      if (secret !== "" && result.includes(secret))
        result = result.replaceAll(secret, () => this.#replace(rule.name, secret));
    }
    return result;
  }
}

function everywhere(pattern: RegExp): RegExp {
  return pattern.global ? pattern : new RegExp(pattern, `${pattern.flags.replace("y", "")}g`);
}

/** Whether the pattern means the place itself or one that it is in. */
function matches(pattern: JsonPath, path: JsonPath): boolean {
  let places: ReadonlySet<number> = closure(pattern, new Set([0]));
  for (const key of path) {
    if (places.has(pattern.length)) return true;
    const next: Set<number> = new Set();
    for (const place of places) {
      if (pattern[place] === "**") next.add(place);
      else if (pattern[place] === "*" || pattern[place] === key) next.add(place + 1);
    }
    if (next.size === 0) return false;
    places = closure(pattern, next);
  }
  return places.has(pattern.length);
}

/** With every place that is reached without a key: `**` may stand for none. */
function closure(pattern: JsonPath, places: Set<number>): ReadonlySet<number> {
  for (const place of places) {
    if (pattern[place] === "**") places.add(place + 1);
  }
  return places;
}
