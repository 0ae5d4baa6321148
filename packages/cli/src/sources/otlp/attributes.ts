/**
 * Attributes of a span, however they were written: flat with dots, nested, or flat with numbers for lists
 * (`llm.input_messages.0.message.role`). Values may be JSON in a text.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";

export class SpanAttributes {
  readonly #own: JsonObject;
  /** Names by their first two words, so that a prefix is found without looking at all. */
  #byPrefix: Map<string, string[]> | null = null;

  constructor(own: JsonObject) {
    this.#own = own;
  }

  get names(): readonly string[] {
    return Object.keys(this.#own);
  }

  /** As they stand, without those of a list of names. */
  plain(): JsonObject {
    return this.#own;
  }

  /** The value under a dotted name, flat or nested. */
  get(name: string): JsonValue | undefined {
    if (Object.hasOwn(this.#own, name)) return this.#own[name];
    let at: JsonValue | undefined = this.#own;
    for (const word of name.split(".")) {
      if (!isJsonObject(at) || !Object.hasOwn(at, word)) return undefined;
      at = at[word];
    }
    return at;
  }

  /** The first of several names that has a value. */
  first(...names: readonly string[]): JsonValue | undefined {
    for (const name of names) {
      const value = this.get(name);
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  }

  text(...names: readonly string[]): string | null {
    const value = this.first(...names);
    if (typeof value === "string" && value !== "") return value;
    return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
  }

  count(...names: readonly string[]): number | null {
    const value = this.first(...names);
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : null;
  }

  /** The value, parsed where it is JSON in a text. */
  json(...names: readonly string[]): JsonValue | undefined {
    return parsed(this.first(...names));
  }

  /** A list that is written as one value, or with a name for each leaf. Null where there is none. */
  list(prefix: string): readonly JsonValue[] | null {
    const whole = this.json(prefix);
    if (Array.isArray(whole)) return whole as readonly JsonValue[];
    const tree: Tree = new Map();
    for (const name of this.#under(prefix))
      put(tree, name.slice(prefix.length + 1).split("."), this.#own[name] ?? null);
    return tree.size === 0 ? null : listOf(tree);
  }

  #under(prefix: string): readonly string[] {
    if (this.#byPrefix === null) {
      this.#byPrefix = Map.groupBy(this.names, (name) => name.split(".", 2).join("."));
    }
    const candidates = this.#byPrefix.get(prefix.split(".", 2).join(".")) ?? [];
    return candidates.filter((name) => name.startsWith(`${prefix}.`));
  }
}

/** JSON in a text as its value; any other value as it is. */
export function parsed(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== "string" || !/^\s*[[{"]/.test(value)) return value;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}

type Tree = Map<string, Tree | { readonly leaf: JsonValue }>;

/** Deeper names are none of any convention. */
const MAX_WORDS = 24;

function put(tree: Tree, words: readonly string[], leaf: JsonValue): void {
  let at = tree;
  for (const [index, word] of words.slice(0, MAX_WORDS).entries()) {
    if (index === words.length - 1) {
      if (!at.has(word)) at.set(word, { leaf });
      return;
    }
    const next = at.get(word);
    if (next instanceof Map) at = next;
    else {
      const made: Tree = new Map();
      at.set(word, made);
      at = made;
    }
  }
}

function listOf(tree: Tree): readonly JsonValue[] {
  return [...tree]
    .toSorted(([left], [right]) => Number(left) - Number(right))
    .map(([, member]) => (member instanceof Map ? valueOf(member) : member.leaf));
}

function valueOf(tree: Tree): JsonValue {
  if ([...tree.keys()].every((word) => /^\d+$/.test(word))) return listOf(tree);
  return Object.fromEntries(
    [...tree].map(([word, member]) => [word, member instanceof Map ? valueOf(member) : member.leaf]),
  );
}
