import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_TYPE_CHARACTERS, schemaToTypeScript } from "../../src/tools/schema-to-typescript.ts";
import { compileAll } from "./compile.ts";

function sizeOf({ type, declarations }: ReturnType<typeof schemaToTypeScript>): number {
  return declarations.reduce((sum, declaration) => sum + declaration.length, type.length);
}

function nested(depth: number, wrap: (inner: JsonValue) => JsonValue): JsonValue {
  let schema: JsonValue = { type: "string" };
  for (let level = 0; level < depth; level += 1) schema = wrap(schema);
  return schema;
}

function record<Value>(length: number, entry: (at: number) => [string, Value]): Record<string, Value> {
  return Object.fromEntries(Array.from({ length }, (_, at) => entry(at)));
}

/** Each definition uses the next one twice: written out, 2³⁰⁰ strings. */
function doubling(combine: (ref: JsonObject) => JsonObject): JsonValue {
  const definitions = record(300, (at) => [`d${at}`, combine({ $ref: `#/$defs/d${at + 1}` })]);
  return { $ref: "#/$defs/d0", $defs: { ...definitions, d300: { enum: ["x", "y"] } } };
}

function cyclicObject(): JsonValue {
  const schema: Record<string, unknown> = { type: "object" };
  schema["properties"] = { a: schema, b: schema };
  return schema as JsonValue;
}

const HOSTILE: Readonly<Record<string, JsonValue>> = {
  "objects nested 10 000 deep": nested(10_000, (inner) => ({ type: "object", properties: { a: inner } })),
  "arrays nested 10 000 deep": nested(10_000, (items) => ({ type: "array", items })),
  "unions nested 10 000 deep": nested(10_000, (inner) => ({ anyOf: [inner, { type: "null" }] })),
  "an enum of 100 000 members": { enum: Array.from({ length: 100_000 }, (_, at) => `member ${at}`) },
  "a const of a megabyte": { const: "x".repeat(1_000_000) },
  "100 000 properties": {
    type: "object",
    properties: record(100_000, (at) => [`p${at}`, { type: "string" }]),
  },
  "100 000 properties that are no schemas": {
    type: "object",
    properties: record(100_000, (at) => [`p${at}`, 1]),
  },
  "100 000 required keys": { type: "object", required: Array.from({ length: 100_000 }, (_, at) => `r${at}`) },
  "a key of a megabyte": { type: "object", properties: { ["k".repeat(1_000_000)]: { type: "string" } } },
  "descriptions of a megabyte": {
    type: "object",
    properties: record(100, (at) => [`p${at}`, { type: "string", description: "*/ ".repeat(10_000) }]),
  },
  "a tuple of 100 000 items": { prefixItems: Array.from({ length: 100_000 }, () => true) },
  "an anyOf of 100 000 members": { anyOf: Array.from({ length: 100_000 }, (_, at) => ({ const: at })) },
  "an allOf of unions that multiply": {
    allOf: Array.from({ length: 20 }, (_, at) => ({
      anyOf: Array.from({ length: 10 }, (_, member) => ({
        type: "object",
        properties: { [`k${at}`]: { const: member } },
      })),
    })),
  },
  "definitions that double as objects": doubling((ref) => ({
    type: "object",
    properties: { l: ref, r: ref },
  })),
  "definitions that double as unions": doubling((ref) => ({ anyOf: [ref, ref] })),
  "definitions that double as intersections": doubling((ref) => ({
    allOf: [ref, { anyOf: [ref, { type: "null" }] }],
  })),
  "a chain of 10 000 references": {
    $ref: "#/$defs/d0",
    $defs: record(10_000, (at) => [`d${at}`, { $ref: `#/$defs/d${at + 1}` }]),
  },
  "a circle of 1 000 references": {
    $ref: "#/$defs/d0",
    $defs: record(1_000, (at) => [
      `d${at}`,
      { anyOf: [{ $ref: `#/$defs/d${(at + 1) % 1_000}` }, { type: "null" }] },
    ]),
  },
  "a pointer of a megabyte": { $ref: `#/${"a/".repeat(500_000)}` },
  "a document that is its own part": cyclicObject(),
  "prototype keys everywhere": JSON.parse(
    '{"type":"object","__proto__":{"type":"string"},"properties":{"__proto__":{"$ref":"#/__proto__"},"hasOwnProperty":{"$ref":"#/$defs/__proto__"},"toString":{"$ref":"#/toString"}},"required":["__proto__"],"$defs":{"__proto__":{"type":"object","properties":{"again":{"$ref":"#/$defs/__proto__"}}}}}',
  ) as JsonValue,
  "text that tries to leave its place": {
    type: "object",
    properties: {
      "a: string }; export const escaped = 1; type B = {": { const: '"; export const escaped = 1; "' },
      c: { type: "string", description: "*/ } export const escaped = 1; /*" },
      d: { enum: ["${1}", "`", "\\", "\n", "\u2028", "\ud800"] },
    },
  },
};

test.each(Object.entries(HOSTILE))("%s are bounded", (_name, schema) => {
  expect(sizeOf(schemaToTypeScript(schema))).toBeLessThanOrEqual(MAX_TYPE_CHARACTERS);
});

test("hostile schemas render to something that compiles and declares nothing else", async () => {
  const texts = Object.values(HOSTILE).map((schema) => {
    const { type, declarations } = schemaToTypeScript(schema);
    return `${declarations.join("\n")}\nexport type Rendered = ${type};\nexport const escaped: Rendered | 0 = 0;`;
  });
  expect(await compileAll(texts)).toEqual(new Map());
});

test("what does not fit loses its comments first, then what is deepest", () => {
  const wide = (description: string): JsonValue => ({
    type: "object",
    properties: record(100, (at) => [`p${at}`, { type: "array", items: { type: "string" }, description }]),
  });
  const deep: JsonValue = {
    type: "object",
    properties: {
      outer: nested(6, (inner) => ({
        type: "object",
        properties: record(8, (at) => [`k${at}`, at % 4 === 0 ? inner : true]),
      })),
    },
  };
  expect(schemaToTypeScript(wide("short")).type).toContain("/** short */");
  expect(schemaToTypeScript(wide("long ".repeat(100))).type).toMatch(/^\{\n {2}p0\?: string\[\];\n/);
  expect(schemaToTypeScript(deep).type).toMatch(/^\{\n {2}outer\?: \{\n {4}k0\?: /);
});

const keys = fc.oneof(
  fc.constantFrom("a", "b", "id", "__proto__", "constructor", "a-b", "new", "1", "$ref"),
  fc.string({ unit: "binary", maxLength: 6 }),
);

const reference = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      "#",
      "#/$defs/A",
      "#/$defs/B",
      "#/$defs/__proto__",
      "#/properties/a",
      "#/items",
      "#/anyOf/0",
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);

/** Schemas, mostly; each keyword may also hold nonsense. */
const { schema: anySchema } = fc.letrec<{ schema: JsonValue; keyword: JsonValue }>((tie) => {
  const schemas = fc.array(tie("schema"), { maxLength: 3 });
  const properties = fc.dictionary(keys, tie("schema"), { maxKeys: 4 });
  const type = fc.constantFrom("object", "array", "string", "integer", "boolean", "null", "nonsense");
  const known: Record<string, fc.Arbitrary<JsonValue>> = {
    type: fc.oneof(type, fc.array(type, { maxLength: 3 })),
    properties,
    required: fc.array(keys, { maxLength: 3 }),
    additionalProperties: tie("schema"),
    patternProperties: properties,
    items: fc.oneof(tie("schema"), schemas),
    prefixItems: schemas,
    additionalItems: tie("schema"),
    minItems: fc.integer({ min: -1, max: 4 }),
    anyOf: schemas,
    oneOf: schemas,
    allOf: schemas,
    enum: fc.array(fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<JsonValue>, { maxLength: 4 }),
    const: fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<JsonValue>,
    description: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("*/ x", "a\r\nb", "/**", "\\")),
    nullable: fc.boolean(),
    $ref: reference,
    $id: fc.constantFrom("inner", "#anchor"),
    $defs: properties,
  };
  const one = fc.constantFrom(...Object.keys(known), "$ref", "$ref", "properties").chain((key) => {
    const value = known[key] ?? fc.constant(null);
    return fc.tuple(
      fc.constant(key),
      fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: tie("keyword") }),
    );
  });
  return {
    keyword: fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<JsonValue>,
    schema: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      { weight: 1, arbitrary: fc.constantFrom<JsonValue>(true, false, {}, { type: "string" }, null) },
      {
        weight: 9,
        arbitrary: fc
          .uniqueArray(one, { selector: ([key]) => key, minLength: 1, maxLength: 5 })
          .map((entries): JsonValue => Object.fromEntries(entries)),
      },
    ),
  };
});

/** A schema whose definitions are there to be found. */
const rootSchema = fc
  .tuple(anySchema, anySchema, anySchema)
  .map(([root, A, B]): JsonValue => (isJsonObject(root) ? { ...root, $defs: { A, B } } : root));

test("whatever schema comes, the size is bounded", () => {
  fc.assert(
    fc.property(rootSchema, (schema) => {
      expect(sizeOf(schemaToTypeScript(schema))).toBeLessThanOrEqual(MAX_TYPE_CHARACTERS);
    }),
    { numRuns: 2_000 },
  );
});

test("whatever schema comes, what is rendered compiles", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(rootSchema, { minLength: 300, maxLength: 300, size: "max" }),
      async (schemas) => {
        const texts = schemas.map((schema) => {
          const { type, declarations } = schemaToTypeScript(schema);
          return `${declarations.join("\n")}\nexport type Rendered = ${type};`;
        });
        expect(await compileAll(texts)).toEqual(new Map());
      },
    ),
    // A failing run names the texts; shrinking 300 schemas with a compiler would take hours.
    { numRuns: 3, endOnFailure: true },
  );
});
