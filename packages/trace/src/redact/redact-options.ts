/** How redaction is configured. */
import { TraceStoreError } from "../trace-store-error.ts";
import { SECRET_SHAPES } from "./secret-shapes.ts";

/** Secrets of the host's own kind, by a pattern or by a function. Both are given each string as it was before it became JSON. */
export type RedactionRule = {
  /** What the placeholder calls it: lower-case letters, digits and `_`, at most 32. */
  readonly name: string;
} & (
  | {
      /** What it matches is replaced; with a group named `secret`, only that. Its own cost is not bounded by anything here. */
      readonly pattern: RegExp;
    }
  | {
      /**
       * The secrets that a string contains; each of their occurrences is replaced. Must depend on nothing but the string. When it
       * throws, the payload is withheld; in an event the string is replaced as a whole.
       */
      readonly find: (text: string) => Iterable<string>;
    }
);

export interface RedactOptions {
  /** Beside the built-in rules. */
  readonly rules?: readonly RedactionRule[] | undefined;
  /** Further names of fields, headers and variables whose values are secrets; compared like the ends of names, without case. */
  readonly names?: readonly string[] | undefined;
  /**
   * Places in payload documents that are always replaced as a whole: keys and array indices joined by dots, `*` for any one,
   * `**` for any number of them. `input.*.metadata`, `**.ssn`.
   */
  readonly paths?: readonly string[] | undefined;
  /** Built-in rules that are not applied. */
  readonly keep?: readonly string[] | undefined;
}

/** The rule that goes by names instead of shapes, and the one of `paths`. */
export const NAMED_RULE = "named";
export const PATH_RULE = "path";

/** Names of the built-in rules. */
export const BUILT_IN_RULES: readonly string[] = [...SECRET_SHAPES.map(({ name }) => name), NAMED_RULE];

/** Throws `TraceStoreError` (`invalid_option`) for options that cannot be meant. */
export function checkRedactOptions({ rules = [], names = [], paths = [], keep = [] }: RedactOptions): void {
  const taken: Set<string> = new Set([...BUILT_IN_RULES, PATH_RULE]);
  for (const rule of rules) {
    const { name } = rule;
    if (typeof name !== "string" || !/^[a-z0-9_]{1,32}$/.test(name) || taken.has(name)) {
      throw invalid("the name of a rule", name, "1 to 32 of a-z, 0-9 and _, and no other rule's name");
    }
    taken.add(name);
    const isUsable = "find" in rule ? typeof rule.find === "function" : rule.pattern instanceof RegExp;
    if (!isUsable) throw invalid("a rule", name, "a name with a pattern or a function that finds");
  }
  for (const name of names) {
    if (typeof name !== "string" || !/^.{2,64}$/.test(name))
      throw invalid("a name", name, "2 to 64 characters");
  }
  for (const path of paths) {
    if (typeof path !== "string" || path === "") throw invalid("a path", path, "keys joined by dots");
  }
  for (const name of keep) {
    if (!BUILT_IN_RULES.includes(name)) throw invalid("a rule to keep from", name, BUILT_IN_RULES.join(", "));
  }
}

function invalid(name: string, value: unknown, range: string): TraceStoreError {
  return new TraceStoreError("invalid_option", `redact: ${name} is ${String(value)}; it must be ${range}`);
}
