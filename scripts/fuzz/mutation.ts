/** JSON that was right and then was not: what readers of other people's files meet. */
import type { JsonValue } from "@rollout-trace/protocol";
import fc from "fast-check";

type Path = readonly (string | number)[];

/** A number that is JSON and no double is large enough for; among JSON values it is a string, see `jsonText`. */
const TOO_LARGE = "1e999";

/** Kept short, since findings are; what is large or deep is made by `REPEATED`. */
const ODD_STRINGS = [
  "",
  "__proto__",
  "constructor",
  "toString",
  "\ud800",
  "a\u0000b",
  "\u001b[2J\u001b]0;t\u0007",
  "\u202eltr\u2066",
  "../../etc/passwd",
  TOO_LARGE,
  "٣",
  "item:1",
] as const;
const ODD_VALUES: readonly JsonValue[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  1e308,
  [],
  {},
  [[[]]],
  JSON.parse('{"__proto__":{"type":"x"},"constructor":1,"length":-1}') as JsonValue,
  ...ODD_STRINGS,
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD_STRINGS),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  // Control characters, marks of direction, surrogates: what a terminal must not get.
  fc
    .array(
      fc.constantFrom(
        "\u001b",
        "\u009b",
        "\u0007",
        "\r",
        "\n",
        "\u2028",
        "\u200d",
        "\ud83d",
        "\udc69",
        "👩‍🔬",
        "a",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

const oddValue: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom(...ODD_VALUES),
  hostileText,
  fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" }) as fc.Arbitrary<JsonValue>,
);

type Edit = readonly ["replace" | "remove" | "repeat" | "rename" | "copy", number, number, JsonValue];

const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.constantFrom("replace", "remove", "repeat", "rename", "copy"),
  fc.nat(),
  fc.nat(),
  oddValue,
);

/** One of the values with a few things in it replaced, left out, repeated, renamed, or put where something else was. */
export function mutated(seeds: readonly JsonValue[], maxEdits = 5): fc.Arbitrary<JsonValue> {
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: maxEdits }))
    .map(([seed, edits]) => edits.reduce(edited, seed));
}

function edited(value: JsonValue, [how, where, from, odd]: Edit): JsonValue {
  const places = [...placesOf(value, [])];
  const place = places[where % places.length] ?? [];
  if (how === "copy")
    return withPlace(value, place, "replace", at(value, places[from % places.length] ?? []));
  return withPlace(value, place, how, odd);
}

function* placesOf(value: JsonValue, path: Path): Generator<Path> {
  yield path;
  if (typeof value !== "object" || value === null || path.length > 30) return;
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const key of keys)
    yield* placesOf((value as Record<string | number, JsonValue>)[key] ?? null, [...path, key]);
}

function at(value: JsonValue, path: Path): JsonValue {
  let inner: JsonValue | undefined = value;
  for (const key of path) inner = (inner as Record<string | number, JsonValue> | null | undefined)?.[key];
  return inner ?? null;
}

function withPlace(value: JsonValue, path: Path, how: Edit[0], odd: JsonValue): JsonValue {
  const [key, ...rest] = path;
  if (key === undefined) return how === "replace" ? odd : value;
  const inner = withPlace(at(value, [key]), rest, how, odd);
  const here = rest.length === 0;
  if (Array.isArray(value)) {
    const copy: JsonValue[] = [...(value as readonly JsonValue[])];
    if (here && how === "remove") copy.splice(Number(key), 1);
    else if (here && how === "repeat") copy.splice(Number(key), 0, inner, inner);
    else copy[Number(key)] = here && how === "rename" ? odd : inner;
    return copy;
  }
  // `Object.fromEntries` takes `__proto__` for a key like any other.
  const entries = Object.entries(value as Readonly<Record<string, JsonValue>>)
    .filter(([name]) => !(here && how === "remove" && name === key))
    .map(([name, part]): [string, JsonValue] => {
      if (name !== key) return [name, part];
      return [here && how === "rename" ? nameFor(odd) : name, inner];
    });
  return Object.fromEntries(entries);
}

function nameFor(odd: JsonValue): string {
  return typeof odd === "string" ? odd : JSON.stringify(odd);
}

/** The text of a mutated value as a file may have it: with numbers that no double is large enough for. */
export function jsonText(value: JsonValue): string {
  return JSON.stringify(value).replaceAll(/(?<!\\)"1e999"(?!:)/g, TOO_LARGE);
}

/** Bytes or characters that were put into a text, in place of some of it: `[where, how many are replaced, by what]`. */
export const textEdits: fc.Arbitrary<readonly (readonly [number, number, string])[]> = fc.array(
  fc.tuple(fc.nat(), fc.nat(20), hostileText),
  { maxLength: 3 },
);

export function withTextEdits(text: string, edits: readonly (readonly [number, number, string])[]): string {
  let result = text;
  for (const [where, count, by] of edits) {
    const index = result.length === 0 ? 0 : where % result.length;
    result = result.slice(0, index) + by + result.slice(index + count);
  }
  return result;
}
