/**
 * Whether what JSON.parse gave is what a type says. Small and by hand: every frame passes through here on both sides, most of
 * them after a pause in which everything cooled down, and a schema library was half of the child's time to start.
 *
 * A check looks and copies nothing; keys that it does not know stay where they are.
 */

/** What is wrong, as `path: what was expected`; null when nothing is. */
export type Problem = string | null;

/** `checks` is never there: it makes a check of one type no check of another. */
export interface Check<Value> {
  (value: unknown): Problem;
  readonly checks?: Value;
}

/** One check per key, optional keys included. */
export type Fields<Value> = { readonly [Key in keyof Required<Value>]: Check<Value[Key]> };

/** The members of a union by their `type`, without it. */
export type Variants<Value extends { readonly type: string }> = {
  readonly [Type in Value["type"]]: Fields<Omit<Member<Value, Type>, "type">>;
};

type Member<Value, Type> = Value extends { readonly type: infer Types }
  ? Type extends Types
    ? Value
    : never
  : never;

export const text: Check<string> = (value) => (typeof value === "string" ? null : "expected a string");

export const flag: Check<boolean> = (value) => (typeof value === "boolean" ? null : "expected true or false");

export const number: Check<number> = (value) => (typeof value === "number" ? null : "expected a number");

/** An id or a count. */
export const natural: Check<number> = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? null : "expected a non-negative integer";

/** Whatever JSON.parse gives, and that it is there. */
export const json: Check<never> = (value) => (value === undefined ? "expected a value" : null);

export function exactly<Value extends boolean>(wanted: Value): Check<Value> {
  return (value) => (value === wanted ? null : `expected ${wanted}`);
}

/** One of the keys; the compiler sees to it that there are all of them. */
export function oneOf<Value extends string>(words: Readonly<Record<Value, true>>): Check<Value> {
  const known = new Set(Object.keys(words));
  const problem = `expected one of ${[...known].join(", ")}`;
  return (value) => (typeof value === "string" && known.has(value) ? null : problem);
}

export function optional<Value>(check: Check<Value>): Check<Value | undefined> {
  return (value) => (value === undefined ? null : check(value));
}

export function nullable<Value>(check: Check<Value>): Check<Value | null> {
  return (value) => (value === null ? null : check(value));
}

export function list<Value>(check: Check<Value>): Check<readonly Value[]> {
  return (value) => {
    if (!Array.isArray(value)) return "expected a list";
    for (let at = 0; at < value.length; at += 1) {
      const problem = check(value[at]);
      if (problem !== null) return inside(String(at), problem);
    }
    return null;
  };
}

export function object<Value extends object>(fields: Fields<Value>): Check<Value> {
  const keys = Object.keys(fields);
  const checks = Object.values<Check<unknown>>(fields);
  return (value) => {
    if (typeof value !== "object" || value === null) return "expected an object";
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at] ?? "";
      const problem = checks[at]?.((value as Readonly<Record<string, unknown>>)[key]) ?? null;
      if (problem !== null) return inside(key, problem);
    }
    return null;
  };
}

/** The checks of a union's members, by their `type`. */
export function members<Value extends { readonly type: string }>(
  variants: Variants<Value>,
): ReadonlyMap<string, Check<unknown>> {
  const entries = Object.entries<Fields<object>>(variants);
  return new Map(entries.map(([type, fields]) => [type, object(fields)]));
}

export function union<Value extends { readonly type: string }>(variants: Variants<Value>): Check<Value> {
  const byType = members<Value>(variants);
  const problem = `expected a type, one of ${[...byType.keys()].join(", ")}`;
  return (value) => {
    if (typeof value !== "object" || value === null || !("type" in value)) return problem;
    return (byType.get(String(value.type)) ?? (() => problem))(value);
  };
}

/** A union whose members differ in `ok`. */
export function outcome<Value extends { readonly ok: boolean }>(
  success: Fields<Extract<Value, { readonly ok: true }>>,
  failure: Fields<Extract<Value, { readonly ok: false }>>,
): Check<Value> {
  const succeeded = object(success);
  const failed = object(failure);
  return (value) => {
    const ok = typeof value === "object" && value !== null && "ok" in value && value.ok === true;
    return ok ? succeeded(value) : failed(value);
  };
}

function inside(key: string, problem: string): string {
  return /^[^ :]+: /.test(problem) ? `${key}.${problem}` : `${key}: ${problem}`;
}
