/**
 * How a result of the Model Context Protocol is declared: one generic type for all of them, instead of the same thirty
 * lines for each tool.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { baseWithin, followReferences, type LocatedSchema, ownKeyword } from "./schema-reference.ts";

/** Declares `CallToolResult` and what it needs. */
export const MCP_TYPE_DECLARATIONS = `type ContentBlock = (
  | { type: "text"; text: string }
  | { type: "image"; data: string; mimeType: string }
  | { type: "audio"; data: string; mimeType: string }
  | { type: "resource_link"; uri: string; name: string; description?: string; mimeType?: string }
  | { type: "resource"; resource: { uri: string; mimeType?: string; text?: string; blob?: string } }
) & { annotations?: { [key: string]: unknown }; _meta?: { [key: string]: unknown } };
/** What a tool of an MCP server resolves to. When isError is true, content says what went wrong. */
type CallToolResult<T = unknown> = {
  content: ContentBlock[];
  structuredContent?: T;
  isError?: boolean;
  _meta?: { [key: string]: unknown };
};`;

/** Names that `MCP_TYPE_DECLARATIONS` takes. */
export const MCP_TYPE_NAMES: readonly string[] = ["ContentBlock", "CallToolResult"];

/** Most alternatives of an item of `content` that are looked at; the protocol has five. */
const MAX_CONTENT_ALTERNATIVES = 32;

/** The schema of an MCP tool's result, with that of its `structuredContent` where the tool has one. */
export function callToolResultSchema(structuredContent: JsonObject | undefined): JsonObject {
  return {
    type: "object",
    properties: {
      content: { type: "array", items: { type: "object" } },
      // The `$id` makes it a document of its own, so that its `$ref`s still start at its own root.
      ...(structuredContent && { structuredContent: { ...structuredContent, $id: "structured-content" } }),
      isError: { type: "boolean" },
      _meta: { type: "object" },
    },
    required: ["content"],
  };
}

/**
 * Recognises the schema of an MCP result: an array `content` of objects, a boolean `isError` and an object `_meta`. Gives
 * the schema of its `structuredContent`, `true` when it has none, and null for a schema of anything else.
 */
export function structuredContentOf(schema: JsonValue | undefined): LocatedSchema | null {
  if (!isJsonObject(schema)) return null;
  const result = followReferences({ schema, base: schema });
  if (!hasType(result, "object")) return null;
  const content = property(result, "content");
  const items = content && hasType(content, "array") ? part(content, "items") : null;
  if (!items || !isObjectOrUnionOfObjects(items)) return null;
  const isError = property(result, "isError");
  const meta = property(result, "_meta");
  if (!isError || !meta || !hasType(isError, "boolean") || !hasType(meta, "object")) return null;
  return property(result, "structuredContent") ?? { schema: true, base: result.base };
}

function isObjectOrUnionOfObjects(located: LocatedSchema): boolean {
  if (hasType(located, "object")) return true;
  if (!isJsonObject(located.schema)) return false;
  const union = ownKeyword(located.schema, "anyOf") ?? ownKeyword(located.schema, "oneOf");
  if (!Array.isArray(union) || union.length === 0 || union.length > MAX_CONTENT_ALTERNATIVES) return false;
  return union.every((member: JsonValue) =>
    hasType(followReferences({ ...located, schema: member }), "object"),
  );
}

function hasType(located: LocatedSchema, type: string): boolean {
  return isJsonObject(located.schema) && ownKeyword(located.schema, "type") === type;
}

function property(located: LocatedSchema, name: string): LocatedSchema | null {
  const properties = part(located, "properties");
  return properties && part(properties, name);
}

function part(located: LocatedSchema, key: string): LocatedSchema | null {
  if (!isJsonObject(located.schema)) return null;
  const schema = ownKeyword(located.schema, key);
  if (schema === undefined) return null;
  const base = isJsonObject(schema) ? baseWithin(schema, located.base) : located.base;
  return followReferences({ schema, base });
}
