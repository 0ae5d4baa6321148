import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeRawEvent, type JsonObject, type JsonValue, rawEventSchemas } from "@rollout-trace/protocol";

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

describe("an event that is taken as it is", () => {
  it("is what its schema makes of it, with its keys in the same order", () => {
    expect(recordings.length).toBeGreaterThan(300);
    for (const event of recordings) {
      for (const payload of variants(event.payload)) {
        const schema = rawEventSchemas[payload["type"] as keyof typeof rawEventSchemas];
        if (schema === undefined) continue;
        const read = decodeRawEvent({ ...event, payload });
        const expected = schema.safeParse(payload);
        expect(read.ok).toBe(expected.success);
        const actual = read.ok ? JSON.stringify(read.event.payload) : null;
        expect(actual).toBe(expected.success ? JSON.stringify(expected.data) : null);
      }
    }
  });

  it("is not copied", () => {
    const taken = recordings.filter((event) => {
      const read = decodeRawEvent(event);
      return read.ok && (read.event.payload as unknown) === event.payload;
    });
    expect(taken.length).toBeGreaterThan(recordings.length * 0.9);
  });
});
