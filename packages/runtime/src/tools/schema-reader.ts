/**
 * Reads a JSON Schema into the tree that `type-printer.ts` prints.
 *
 * Schemas come from tool servers, so they are hostile data: depth, number of nodes and size of literals are bounded, and
 * what is past a bound, not understood or not a schema reads as `unknown`. What TypeScript cannot say (formats, ranges,
 * `not`, `if`) is left out: a declaration may be wider than its schema.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { stringLiteral } from "./literal-text.ts";
import {
  baseWithin,
  type LocatedSchema,
  ownKeyword,
  referenceName,
  resolveReference,
} from "./schema-reference.ts";
import {
  breakBareCycles,
  intersectionOf,
  NEVER,
  type ObjectMember,
  type ReferenceTarget,
  type TupleItem,
  type TypeNode,
  UNKNOWN,
  unionOf,
} from "./type-node.ts";

export interface SchemaLimits {
  /** Schemas inside schemas; deeper ones are `unknown`. */
  readonly depth: number;
  /** Schemas read in all; further ones are `unknown`. */
  readonly nodes: number;
}

/** Longest string that is shown as a literal type; a longer one tells a model less than its kind does. */
const MAX_LITERAL_CHARACTERS = 200;

/** Most members of an `enum` that are shown; a longer list becomes the kinds of its members. */
const MAX_ENUM_MEMBERS = 200;

/** Keywords that only speak about objects, so that a schema without `type` means an object. */
const OBJECT_KEYWORDS = ["properties", "required", "additionalProperties", "patternProperties"] as const;
const ARRAY_KEYWORDS = ["items", "prefixItems"] as const;

const PLAIN_TYPES: ReadonlyMap<JsonValue, string> = new Map([
  ["string", "string"],
  ["number", "number"],
  ["integer", "number"],
  ["boolean", "boolean"],
  ["null", "null"],
]);

const BARE_TEXTS: ReadonlySet<string> = new Set(PLAIN_TYPES.values());

const ANY_OBJECT: TypeNode = { kind: "object", members: [], index: UNKNOWN };

interface Reading {
  readonly limits: SchemaLimits;
  readonly targets: Map<JsonObject, ReferenceTarget>;
  nodes: number;
}

interface Place {
  readonly base: JsonObject;
  readonly depth: number;
}

/** Reads `located`; `hint` names its type where the schema refers to itself. */
export function readSchema(located: LocatedSchema, hint: string, limits: SchemaLimits): ReferenceTarget {
  const root: ReferenceTarget = { hint, node: UNKNOWN, uses: 1 };
  const reading: Reading = { limits, targets: new Map(), nodes: 0 };
  if (isJsonObject(located.schema)) reading.targets.set(located.schema, root);
  root.node = read(reading, located.schema, { base: located.base, depth: 0 });
  breakBareCycles([root, ...reading.targets.values()]);
  return root;
}

function read(reading: Reading, schema: JsonValue | undefined, place: Place): TypeNode {
  if (schema === false) return NEVER;
  if (!isJsonObject(schema) || isExhausted(reading) || place.depth >= reading.limits.depth) return UNKNOWN;
  reading.nodes += 1;
  const inner: Place = { base: baseWithin(schema, place.base), depth: place.depth + 1 };
  const combined = readCombinations(reading, schema, inner);
  const own = readOwnType(reading, schema, inner);
  // `{type: "string", anyOf: […]}`: the alternatives are already strings, and say more.
  const isBare = own === ANY_OBJECT || (own.kind === "text" && BARE_TEXTS.has(own.text));
  const type = combined === UNKNOWN || !isBare ? intersectionOf([own, combined]) : combined;
  return ownKeyword(schema, "nullable") === true ? unionOf([type, { kind: "text", text: "null" }]) : type;
}

function isExhausted(reading: Reading): boolean {
  return reading.nodes >= reading.limits.nodes;
}

function readCombinations(reading: Reading, schema: JsonObject, inner: Place): TypeNode {
  const parts: TypeNode[] = [];
  const reference = ownKeyword(schema, "$ref");
  if (typeof reference === "string") parts.push(readReference(reading, reference, inner));
  for (const keyword of ["anyOf", "oneOf"]) {
    const members = arrayOf(ownKeyword(schema, keyword));
    if (members.length > 0) parts.push(unionOf(readAll(reading, members, inner)));
  }
  parts.push(...readAll(reading, arrayOf(ownKeyword(schema, "allOf")), inner));
  return intersectionOf(parts);
}

/** Reads schemas until the bound; those past it are one `unknown` together. */
function readAll(reading: Reading, schemas: readonly JsonValue[], inner: Place): TypeNode[] {
  const types: TypeNode[] = [];
  for (const schema of schemas) {
    types.push(read(reading, schema, inner));
    if (isExhausted(reading)) break;
  }
  return types.length < schemas.length ? [...types, UNKNOWN] : types;
}

function readReference(reading: Reading, reference: string, inner: Place): TypeNode {
  const found = resolveReference(reference, inner.base);
  if (found === null || !isJsonObject(found.schema)) return found?.schema === false ? NEVER : UNKNOWN;
  let target = reading.targets.get(found.schema);
  if (target === undefined) {
    target = { hint: referenceName(reference) ?? "Root", node: UNKNOWN, uses: 0 };
    reading.targets.set(found.schema, target);
    target.node = read(reading, found.schema, { base: found.base, depth: inner.depth });
  }
  target.uses += 1;
  return { kind: "reference", target };
}

function readOwnType(reading: Reading, schema: JsonObject, inner: Place): TypeNode {
  const constant = ownKeyword(schema, "const");
  if (constant !== undefined) return literal(constant);
  const members = ownKeyword(schema, "enum");
  if (Array.isArray(members)) return enumeration(members);
  const type = ownKeyword(schema, "type");
  if (typeof type === "string") return readType(reading, type, schema, inner);
  if (Array.isArray(type)) {
    // There are seven types; what is past them is noise.
    return unionOf(type.slice(0, 8).map((name: JsonValue) => readType(reading, name, schema, inner)));
  }
  if (OBJECT_KEYWORDS.some((key) => Object.hasOwn(schema, key))) return readObject(reading, schema, inner);
  if (ARRAY_KEYWORDS.some((key) => Object.hasOwn(schema, key))) return readArray(reading, schema, inner);
  return UNKNOWN;
}

function readType(reading: Reading, type: JsonValue, schema: JsonObject, inner: Place): TypeNode {
  if (type === "object") return readObject(reading, schema, inner);
  if (type === "array") return readArray(reading, schema, inner);
  const text = PLAIN_TYPES.get(type);
  return text === undefined ? UNKNOWN : { kind: "text", text };
}

function enumeration(members: readonly JsonValue[]): TypeNode {
  return unionOf(members.length > MAX_ENUM_MEMBERS ? members.map(kindOf) : members.map(literal));
}

function literal(value: JsonValue): TypeNode {
  if (typeof value === "string" && value.length <= MAX_LITERAL_CHARACTERS) {
    return { kind: "text", text: stringLiteral(value) };
  }
  if (value === null || typeof value === "boolean") return { kind: "text", text: String(value) };
  return typeof value === "number" && Number.isFinite(value)
    ? { kind: "text", text: String(value) }
    : kindOf(value);
}

function kindOf(value: JsonValue): TypeNode {
  if (value === null) return { kind: "text", text: "null" };
  if (Array.isArray(value)) return { kind: "array", item: UNKNOWN };
  if (typeof value === "object") return ANY_OBJECT;
  return { kind: "text", text: typeof value };
}

function readObject(reading: Reading, schema: JsonObject, inner: Place): TypeNode {
  const properties = ownKeyword(schema, "properties");
  const known = isJsonObject(properties) ? properties : {};
  const required = new Set(arrayOf(ownKeyword(schema, "required")).filter((key) => typeof key === "string"));
  const members: ObjectMember[] = [];
  for (const key of new Set([...Object.keys(known), ...required])) {
    if (isExhausted(reading)) return { kind: "object", members, index: UNKNOWN };
    members.push(
      readMember(reading, { key, schema: ownKeyword(known, key), optional: !required.has(key) }, inner),
    );
  }
  const index = readIndex(reading, schema, inner);
  if (index === null && members.length === 0 && properties === undefined) {
    return ownKeyword(schema, "additionalProperties") === false
      ? { kind: "object", members, index }
      : ANY_OBJECT;
  }
  if (index === null || index === UNKNOWN || members.length === 0) return { kind: "object", members, index };
  // An index signature beside properties of other types does not compile; beside their object it does.
  return intersectionOf([
    { kind: "object", members, index: null },
    { kind: "object", members: [], index },
  ]);
}

interface Property {
  readonly key: string;
  readonly schema: JsonValue | undefined;
  readonly optional: boolean;
}

function readMember(reading: Reading, property: Property, inner: Place): ObjectMember {
  const { key, schema, optional } = property;
  const description = isJsonObject(schema) ? ownKeyword(schema, "description") : undefined;
  const type = read(reading, schema, inner);
  // A key is worth a node even where its schema is not, so that a million of them stay bounded too.
  if (!isJsonObject(schema)) reading.nodes += 1;
  return { key, type, optional, description: typeof description === "string" ? description : null };
}

/** The type of the keys that have no name; null when the schema does not say that there are any. */
function readIndex(reading: Reading, schema: JsonObject, inner: Place): TypeNode | null {
  const patterns = ownKeyword(schema, "patternProperties");
  const schemas = isJsonObject(patterns) ? Object.values(patterns) : [];
  const additional = ownKeyword(schema, "additionalProperties");
  if (additional === true || isJsonObject(additional)) schemas.push(additional);
  return schemas.length === 0 ? null : unionOf(readAll(reading, schemas, inner));
}

function readArray(reading: Reading, schema: JsonObject, inner: Place): TypeNode {
  const items = ownKeyword(schema, "items");
  const prefix = arrayOf(ownKeyword(schema, "prefixItems"));
  if (prefix.length > 0) return readTuple(reading, { prefix, rest: items, schema }, inner);
  if (Array.isArray(items) && items.length > 0) {
    return readTuple(reading, { prefix: items, rest: ownKeyword(schema, "additionalItems"), schema }, inner);
  }
  return { kind: "array", item: read(reading, items, inner) };
}

interface TupleParts {
  readonly prefix: readonly JsonValue[];
  readonly rest: JsonValue | undefined;
  readonly schema: JsonObject;
}

/**
 * Without `minItems` and `items`, a tuple is taken for exactly its prefix: that is what those who write one mean, though a
 * validator lets shorter and longer arrays pass.
 */
function readTuple(reading: Reading, parts: TupleParts, inner: Place): TypeNode {
  const minItems = ownKeyword(parts.schema, "minItems");
  const needed = typeof minItems === "number" ? minItems : parts.prefix.length;
  const items: TupleItem[] = [];
  for (const [position, schema] of parts.prefix.entries()) {
    if (isExhausted(reading)) return { kind: "tuple", items, rest: UNKNOWN };
    items.push({ type: read(reading, schema, inner), optional: position >= needed });
    if (!isJsonObject(schema)) reading.nodes += 1;
  }
  const open = parts.rest === true || isJsonObject(parts.rest);
  return { kind: "tuple", items, rest: open ? read(reading, parts.rest, inner) : null };
}

function arrayOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
