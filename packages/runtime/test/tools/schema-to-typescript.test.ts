import type { JsonValue } from "@rollout-trace/protocol";
import { expect, test } from "vitest";
import { schemaToTypeScript } from "../../src/tools/schema-to-typescript.ts";
import { compileAll } from "./compile.ts";

interface Case {
  readonly schema: JsonValue;
  readonly type: string;
  readonly declarations?: readonly string[];
  /** TypeScript expressions that the type takes, and that it refuses. */
  readonly takes?: readonly string[];
  readonly refuses?: readonly string[];
}

const text = { type: "string" };
const count = { type: "number" };

const CASES: Readonly<Record<string, Case>> = {
  "plain types": {
    schema: {
      type: "object",
      properties: { s: text, i: { type: "integer" }, b: { type: "boolean" }, n: { type: "null" } },
    },
    type: "{ s?: string; i?: number; b?: boolean; n?: null }",
    takes: ["{}", "{ s: 'x', i: 1, b: true, n: null }"],
    refuses: ["{ i: 'x' }"],
  },
  const: { schema: { const: "fast" }, type: '"fast"', takes: ["'fast'"], refuses: ["'slow'"] },
  "a const that is no primitive": { schema: { const: { a: 1 } }, type: "{ [key: string]: unknown }" },
  enum: {
    schema: { enum: ["a", 'say "b"', -1.5, true, null, 1e21] },
    type: '"a" | "say \\"b\\"" | -1.5 | true | null | 1e+21',
    takes: ["'a'", "-1.5", "null"],
    refuses: ["'c'", "false"],
  },
  "an enum beside its type": { schema: { type: "string", enum: ["a", "a", "b"] }, type: '"a" | "b"' },
  anyOf: { schema: { anyOf: [text, count, text] }, type: "string | number", refuses: ["true"] },
  oneOf: {
    schema: {
      oneOf: [
        { type: "object", properties: { kind: { const: "a" }, a: count }, required: ["kind", "a"] },
        { type: "object", properties: { kind: { const: "b" } }, required: ["kind"] },
      ],
    },
    type: '{ kind: "a"; a: number } | { kind: "b" }',
    takes: ["{ kind: 'a', a: 1 }", "{ kind: 'b' }"],
    refuses: ["{ kind: 'a' }"],
  },
  "oneOf that names the values of a string": {
    schema: {
      type: "string",
      oneOf: [
        { const: "s", title: "Small" },
        { const: "l", title: "Large" },
      ],
    },
    type: '"s" | "l"',
  },
  allOf: {
    schema: {
      allOf: [
        { type: "object", properties: { a: text }, required: ["a"] },
        { type: "object", properties: { b: count } },
      ],
    },
    type: "{ a: string } & { b?: number }",
    takes: ["{ a: '' }", "{ a: '', b: 1 }"],
    refuses: ["{ b: 1 }"],
  },
  "a union inside an intersection": {
    schema: { allOf: [{ anyOf: [text, count] }, { anyOf: [count, { type: "boolean" }] }] },
    type: "(string | number) & (number | boolean)",
    takes: ["1"],
    refuses: ["''", "true"],
  },
  "alternatives that only require keys": {
    schema: {
      type: "object",
      properties: { id: text, name: text },
      anyOf: [{ required: ["id"] }, { required: ["name"] }],
    },
    type: "{ id?: string; name?: string } & ({ id: unknown } | { name: unknown })",
    takes: ["{ id: '' }", "{ name: '' }"],
    refuses: ["{}", "{ id: 1 }"],
  },
  "type arrays": {
    schema: { type: ["string", "array", "null"], items: count },
    type: "string | number[] | null",
  },
  "an array of a union": {
    schema: { type: "array", items: { type: ["string", "null"] } },
    type: "(string | null)[]",
  },
  "an array of anything": { schema: { type: "array" }, type: "unknown[]" },
  "a tuple": {
    schema: { type: "array", prefixItems: [text, count] },
    type: "[string, number]",
    takes: ["['', 1]"],
    refuses: ["['']", "['', 1, 2]"],
  },
  "a tuple with a rest": {
    schema: { prefixItems: [text], items: { enum: [1, 2] } },
    type: "[string, ...(1 | 2)[]]",
  },
  "a tuple that may be short": {
    schema: { type: "array", prefixItems: [text, { type: ["string", "null"] }], minItems: 1, items: true },
    type: "[string, (string | null)?, ...unknown[]]",
    takes: ["['']", "['', null, 1]"],
    refuses: ["[]"],
  },
  "a tuple in the old notation": {
    schema: { type: "array", items: [text, count], additionalItems: { type: "boolean" } },
    type: "[string, number, ...boolean[]]",
  },
  "a record": {
    schema: { type: "object", additionalProperties: { type: "array", items: text } },
    type: "{ [key: string]: string[] }",
  },
  "a record by pattern": {
    schema: { type: "object", patternProperties: { "^x-": text, "^n-": count }, additionalProperties: false },
    type: "{ [key: string]: string | number }",
  },
  "a record beside properties of another type": {
    schema: { type: "object", properties: { id: count }, required: ["id"], additionalProperties: text },
    type: "{ id: number } & { [key: string]: string }",
  },
  "an open object": {
    schema: { type: "object", properties: { id: count }, additionalProperties: true },
    type: "{ id?: number; [key: string]: unknown }",
  },
  "an object of which nothing is known": { schema: { type: "object" }, type: "{ [key: string]: unknown }" },
  "an object without keys": {
    schema: { type: "object", properties: {}, additionalProperties: false },
    type: "{}",
  },
  "a required key without a schema": { schema: { required: ["a"] }, type: "{ a: unknown }", refuses: ["{}"] },
  "keys that need quoting": {
    schema: {
      type: "object",
      properties: { "a-b": text, "": text, "1": text, new: text, "é\u2028": text, "it's": text },
    },
    type: String.raw`{ "1"?: string; "a-b"?: string; ""?: string; new?: string; "é\u2028"?: string; "it's"?: string }`,
  },
  "keys of Object.prototype": {
    schema: JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"number"}}}',
    ) as JsonValue,
    type: "{ __proto__?: string; constructor?: number }",
  },
  descriptions: {
    schema: {
      type: "object",
      description: "not shown",
      properties: {
        a: { ...text, description: "ends */ early" },
        b: {
          type: "object",
          properties: { c: { ...count, description: "two\r\nlines  \n" } },
          description: "  ",
        },
      },
    },
    type: [
      "{",
      "  /** ends *\\/ early */",
      "  a?: string;",
      "  b?: {",
      "    /**",
      "     * two",
      "     * lines",
      "     */",
      "    c?: number;",
      "  };",
      "}",
    ].join("\n"),
  },
  nullable: { schema: { type: "string", nullable: true }, type: "string | null" },
  "boolean schemas": {
    schema: { type: "object", properties: { any: true, none: false }, required: ["any"] },
    type: "{ any: unknown; none?: never }",
  },
  "a definition used once": {
    schema: {
      $ref: "#/definitions/A%20B~1C",
      definitions: { "A B/C": { type: "object", properties: { a: text } } },
    },
    type: "{ a?: string }",
  },
  "a definition used twice": {
    schema: {
      type: "object",
      properties: { from: { $ref: "#/$defs/Point" }, to: { $ref: "#/$defs/Point", description: "end" } },
      $defs: { Point: { type: "object", properties: { x: count } } },
    },
    type: "{\n  from?: Type_Point;\n  /** end */\n  to?: Type_Point;\n}",
    declarations: ["type Type_Point = { x?: number };"],
  },
  "a definition with siblings": {
    schema: { $ref: "#/$defs/A", required: ["a"], $defs: { A: { type: "object", properties: { a: text } } } },
    type: "{ a: unknown } & { a?: string }",
    refuses: ["{}", "{ a: 1 }"],
  },
  "a schema that contains itself": {
    schema: { type: "object", properties: { children: { type: "array", items: { $ref: "#" } } } },
    type: "Type_Root",
    declarations: ["type Type_Root = { children?: Type_Root[] };"],
    takes: ["{ children: [{ children: [] }] }"],
    refuses: ["{ children: [1] }"],
  },
  "definitions that contain each other": {
    schema: {
      $ref: "#/$defs/Expr",
      $defs: {
        Expr: { anyOf: [{ $ref: "#/$defs/Sum" }, count] },
        Sum: {
          type: "object",
          properties: { of: { type: "array", items: { $ref: "#/$defs/Expr" } } },
          required: ["of"],
        },
      },
    },
    type: "Type_Expr",
    declarations: ["type Type_Expr = { of: Type_Expr[] } | number;"],
    takes: ["{ of: [1, { of: [] }] }"],
    refuses: ["{ of: [''] }"],
  },
  "names that come out alike": {
    schema: {
      type: "object",
      properties: Object.fromEntries(
        ["x.y", "x-y"].flatMap((name) => [1, 2].map((at) => [name + at, { $ref: `#/$defs/${name}` }])),
      ),
      $defs: {
        "x.y": { type: "object", properties: { a: text } },
        "x-y": { type: "object", properties: { b: text } },
      },
    },
    type: '{ "x.y1"?: Type_x_y; "x.y2"?: Type_x_y; "x-y1"?: Type_x_y_2; "x-y2"?: Type_x_y_2 }',
    declarations: ["type Type_x_y = { a?: string };", "type Type_x_y_2 = { b?: string };"],
  },
  "an embedded document with an $id": {
    schema: {
      type: "object",
      properties: { in: { $id: "inner", $ref: "#/$defs/A", $defs: { A: count } } },
      $defs: { A: text },
    },
    type: "{ in?: number }",
  },
  "a reference to itself and nothing else": { schema: { $ref: "#" }, type: "unknown" },
  "a circle of bare references": {
    schema: {
      $ref: "#/$defs/A",
      $defs: { A: { anyOf: [{ $ref: "#/$defs/B" }, text] }, B: { allOf: [{ $ref: "#/$defs/A" }] } },
    },
    type: "unknown",
  },
  "recursion through an optional element, which no compiler takes": {
    schema: {
      anyOf: [
        { type: "null" },
        { type: "array", prefixItems: [{ type: "array", items: { $ref: "#" } }], minItems: 0 },
      ],
    },
    type: "null | [unknown[]?]",
  },
  "recursion through the rest of a tuple by way of another definition": {
    schema: {
      anyOf: [{ type: "null" }, { type: "array", prefixItems: [text], items: { $ref: "#/$defs/Row" } }],
      $defs: { Row: { type: "array", items: { $ref: "#" } } },
    },
    type: "null | [string, ...unknown[][]]",
  },
  "recursion through an element": {
    schema: { anyOf: [{ type: "null" }, { type: "array", prefixItems: [text, { $ref: "#" }] }] },
    type: "Type_Root",
    declarations: ["type Type_Root = null | [string, Type_Root];"],
  },
  "references that lead nowhere": {
    schema: {
      type: "object",
      properties: {
        a: { $ref: "https://example.com/schema.json" },
        b: { $ref: "#/$defs/missing" },
        c: { $ref: "#/constructor" },
        d: { $ref: "#/%" },
        e: { $ref: "#anchor" },
      },
    },
    type: "{ a?: unknown; b?: unknown; c?: unknown; d?: unknown; e?: unknown }",
  },
  "what is no schema": { schema: 7, type: "unknown" },
  "keywords of the wrong kind": {
    schema: {
      type: "object",
      properties: [1],
      required: "a",
      anyOf: {},
      additionalProperties: 3,
      allOf: [null],
    },
    type: "{}",
  },
  "a type that does not exist": { schema: { type: "file" }, type: "unknown" },
};

test.each(Object.entries(CASES))("renders %s", (_name, { schema, type, declarations = [] }) => {
  expect(schemaToTypeScript(schema)).toEqual({ type, declarations });
});

test("what is rendered compiles, takes what the schema allows and refuses what it forbids", async () => {
  const texts = Object.values(CASES).map(({ schema, takes = [], refuses = [] }) => {
    const { type, declarations } = schemaToTypeScript(schema);
    return [
      ...declarations,
      `type Rendered = ${type};`,
      ...takes.map((value, at) => `export const takes${at}: Rendered = ${value};`),
      ...refuses.map((value, at) => `// @ts-expect-error\nexport const refuses${at}: Rendered = ${value};`),
    ].join("\n");
  });
  expect(await compileAll(texts)).toEqual(new Map());
});

test("the compiler that the tests rely on refuses what is wrong", async () => {
  const found = await compileAll(["export type Right = string;", "export type Wrong = Missing;"]);
  expect([...found.keys()]).toEqual([1]);
  expect(found.get(1)).toContain("Cannot find name 'Missing'");
});

test("names that are taken stay with whom they belong to", () => {
  const schema = { type: "object", properties: { next: { $ref: "#" } } };
  const names = new Set<string>();
  const rendered = [1, 2].map(
    () => schemaToTypeScript(schema, { prefix: "list", hint: "Input", names }).type,
  );
  expect(rendered).toEqual(["list_Input", "list_Input_2"]);
  expect([...names]).toEqual(["list_Input", "list_Input_2"]);
});
