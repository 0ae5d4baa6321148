import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, type JsonValue } from "@rollout-trace/protocol";

function shuffled(value: JsonValue): JsonValue {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(shuffled);
  return Object.fromEntries(
    Object.entries(value as Record<string, JsonValue>)
      .toReversed()
      .map(([key, inner]) => [key, shuffled(inner)]),
  );
}

describe("canonicalJson", () => {
  it("gives one text for one value, whatever the order of its keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as JsonValue;
        expect(canonicalJson(shuffled(json))).toBe(canonicalJson(json));
      }),
    );
  });

  it("parses back to the value it was made of", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as JsonValue;
        expect(JSON.parse(canonicalJson(json))).toEqual(json);
      }),
    );
  });

  it("sorts keys by UTF-16 code units and not by locale", () => {
    expect(canonicalJson({ é: 1, z: 2, Z: 3, "\u{1f600}": 4, "\ufb33": 5 })).toBe(
      '{"Z":3,"z":2,"é":1,"\u{1f600}":4,"\ufb33":5}',
    );
  });

  it("writes a lone surrogate as an escape", () => {
    expect(canonicalJson("\ud800")).toBe('"\\ud800"');
  });

  it("writes what a number is parsed to that no double is large enough for as such a number", () => {
    const read = JSON.parse('{"b": [-1e999], "a": 123e456}') as JsonValue;
    expect(canonicalJson(read)).toBe('{"a":1e999,"b":[-1e999]}');
    expect(JSON.parse(canonicalJson(read))).toEqual(read);
  });

  it("takes a document nested deeper than the call stack", () => {
    let value: JsonValue = 1;
    for (let depth = 0; depth < 200_000; depth += 1) value = [value];
    expect(canonicalJson(value)).toHaveLength(400_001);
  });

  it.each([
    ["undefined", undefined],
    ["NaN", Number.NaN],
    ["a function", () => 1],
    ["a bigint", 1n],
  ])("refuses %s instead of writing something else", (_name, value) => {
    expect(() => canonicalJson({ a: value as unknown as JsonValue })).toThrow(TypeError);
  });
});
