import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeRawEvent, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { rawEventSchemas } from "@rollout-trace/protocol/schemas";

const ROOT = resolve(import.meta.dirname, "../../..");
interface Fixture {
  readonly recording: readonly { readonly payload: JsonObject }[];
}

const recordings = globSync("fixtures/reducer/*.json", { cwd: ROOT })
  .map((file) => JSON.parse(readFileSync(resolve(ROOT, file), "utf8")) as Fixture)
  .flatMap(({ recording }) => recording)
  .filter((event) => decodeRawEvent(event).ok);

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What may be wrong or out of order with an object. */
const changes: readonly ((fields: [string, JsonValue][]) => [string, JsonValue][])[] = [
  (fields) => fields,
  (fields) => fields.toReversed(),
  (fields) => [...fields, ["not_known", 1]],
  (fields) => [["not_known", { type: "x" }], ...fields],
  (fields) => fields.filter(([key]) => key !== "type"),
  ...[0, 1, 2, 3, 4].flatMap((at) =>
    [null, 1, -1, 1.5, "", "x", [], {}, { type: "x" }].map(
      (value) =>
        (fields: [string, JsonValue][]): [string, JsonValue][] =>
          fields.map(([key, known], index) => [key, index === at ? value : known]),
    ),
  ),
  ...[1, 2, 3, 4].map((at) => (fields: [string, JsonValue][]) => fields.toSpliced(at, 1)),
];

/** The payload with one of its objects changed. */
function* variants(payload: JsonObject): Generator<JsonObject, void> {
  for (const change of changes) yield Object.fromEntries(change(Object.entries(payload)));
  for (const [key, inner] of Object.entries(payload)) {
    if (!isObject(inner)) continue;
    for (const variant of variants(inner)) yield { ...payload, [key]: variant };
  }
}

/** Each variant of each recorded payload whose type has a schema, with what decoding and the schema make of it. */
function* readings() {
  for (const event of recordings) {
    for (const payload of variants(event.payload)) {
      const schema = rawEventSchemas[payload["type"] as keyof typeof rawEventSchemas];
      if (schema === undefined) continue;
      yield { decoded: decodeRawEvent({ ...event, payload }), parsed: schema.safeParse(payload) };
    }
  }
}

describe("an event that is read", () => {
  it("is what its schema makes of it, with its keys in the same order", () => {
    expect(recordings.length).toBeGreaterThan(300);
    for (const { decoded, parsed } of readings()) {
      expect(decoded.ok).toBe(parsed.success);
      const actual = decoded.ok ? JSON.stringify(decoded.event.payload) : null;
      expect(actual).toBe(parsed.success ? JSON.stringify(parsed.data) : null);
    }
  });

  it("has wrong with it what its schema finds, in the same words", () => {
    let found = 0;
    for (const { decoded, parsed } of readings()) {
      if (decoded.ok || parsed.success) continue;
      found += 1;
      const expected = new Map<string, string>();
      for (const { path, message } of parsed.error.issues) {
        const place = ["payload", ...path.map(String)].join(".");
        // Of an empty array zod says that it is no string, and then that it has too few items for one.
        if (!expected.has(place)) expected.set(place, message);
      }
      expect(new Map(decoded.error.issues.map(({ path, message }) => [path, message]))).toEqual(expected);
    }
    expect(found).toBeGreaterThan(3_000);
  });
});

describe("an event that is what its recorder writes", () => {
  it("is not copied", () => {
    const taken = recordings.filter((event) => {
      const read = decodeRawEvent(event);
      return read.ok && (read.event.payload as unknown) === event.payload;
    });
    expect(taken.length).toBeGreaterThan(recordings.length * 0.9);
  });
});
