/**
 * JSON Schema to TypeScript, for declarations that a model reads.
 *
 * Always gives something that compiles, always bounded: a schema whose type comes out too long is tried again with less
 * detail, at last as `unknown`.
 */
import { isJsonObject, type JsonValue } from "@rollout-trace/protocol";
import { readSchema, type SchemaLimits } from "./schema-reader.ts";
import type { LocatedSchema } from "./schema-reference.ts";
import { type PrintedType, printType } from "./type-printer.ts";

/** Longest rendered type with its named types, in UTF-16 units: about 4 000 tokens, more than any tool should take. */
export const MAX_TYPE_CHARACTERS = 16_000;

interface Detail extends SchemaLimits {
  readonly comments: boolean;
}

/**
 * Tried in order until the text fits. Comments go first, since a type without them is still right; then what is deepest,
 * since the outer keys are what a call cannot do without.
 */
const DETAILS: readonly Detail[] = [
  { depth: 24, nodes: 2_000, comments: true },
  { depth: 24, nodes: 2_000, comments: false },
  { depth: 4, nodes: 500, comments: false },
  { depth: 2, nodes: 200, comments: false },
];

export interface RenderOptions {
  /** What the names of its types begin with. Must be an identifier; default `Type`. */
  readonly prefix?: string | undefined;
  /** What names the schema itself where it refers to itself. Default `Root`. */
  readonly hint?: string | undefined;
  /** Names taken so far; those of the result are added. Default: none. */
  readonly names?: Set<string> | undefined;
  /** What the lines of the type, after its first, are indented by. Default: nothing. */
  readonly indent?: string | undefined;
}

/** Renders a schema on its own. */
export function schemaToTypeScript(schema: JsonValue, options: RenderOptions = {}): PrintedType {
  return renderSchema({ schema, base: isJsonObject(schema) ? schema : {} }, options);
}

/** Renders a schema that is part of a document. */
export function renderSchema(located: LocatedSchema, options: RenderOptions = {}): PrintedType {
  const { prefix = "Type", hint = "Root", names = new Set<string>(), indent = "" } = options;
  for (const detail of DETAILS) {
    const own = new Set<string>();
    const nameFor = (part: string): string => {
      const name = uniqueName(`${prefix}_${typeNamePart(part)}`, names, own);
      own.add(name);
      return name;
    };
    const printed = printType(readSchema(located, hint, detail), {
      nameFor,
      comments: detail.comments,
      indent,
    });
    const characters = printed.declarations.reduce((sum, text) => sum + text.length, printed.type.length);
    if (characters > MAX_TYPE_CHARACTERS) continue;
    for (const name of own) names.add(name);
    return printed;
  }
  return { type: "unknown", declarations: [] };
}

function uniqueName(wanted: string, taken: ReadonlySet<string>, own: ReadonlySet<string>): string {
  let name = wanted;
  for (let suffix = 2; taken.has(name) || own.has(name); suffix += 1) name = `${wanted}_${suffix}`;
  return name;
}

/** `hint` as a part of an identifier: at most 40 letters, digits and underscores. */
function typeNamePart(hint: string): string {
  return hint.slice(0, 200).replaceAll(/\W+/g, "_").slice(0, 40);
}
