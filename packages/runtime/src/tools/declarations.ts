/**
 * The declarations of tools that a model reads: one method per tool, grouped by namespace.
 *
 * The text is TypeScript and compiles on its own: each group is one `interface Tools { … }`, which merge.
 */
import type { ToolDefinition } from "@rollout-trace/protocol";
import { assignToolNames, type NamedTool } from "../isolate/tool-names.ts";
import { comment, propertyKey, shorten } from "./literal-text.ts";
import { MCP_TYPE_DECLARATIONS, MCP_TYPE_NAMES, structuredContentOf } from "./mcp-types.ts";
import { renderSchema, schemaToTypeScript } from "./schema-to-typescript.ts";

export interface DeclarationOptions {
  /**
   * Tools that are left out of the text, by their `name` or by a predicate. They stay callable, and a script finds them in
   * `ALL_TOOLS`. Default: none.
   */
  readonly deferred?: ReadonlySet<string> | ((tool: ToolDefinition) => boolean) | undefined;
  /** What to say about a namespace, by its name. Default: nothing but its name. */
  readonly namespaces?: ReadonlyMap<string, string> | Readonly<Record<string, string>> | undefined;
}

/** Longest description of a tool or namespace, in UTF-16 units: about 2 000 tokens. */
const MAX_DESCRIPTION_CHARACTERS = 8_000;

/** Longest namespace in a heading, in UTF-16 units. */
const MAX_NAMESPACE_CHARACTERS = 100;

interface Group {
  readonly namespace: string | undefined;
  readonly shown: NamedTool[];
  deferred: number;
}

interface Writing {
  readonly names: Set<string>;
  readonly types: string[];
  usesMcp: boolean;
}

/** `tools` as TypeScript: shared types first, then tools without a namespace, then each namespace where it first occurs. */
export function renderDeclarations(
  tools: readonly ToolDefinition[],
  options: DeclarationOptions = {},
): string {
  const writing: Writing = { names: new Set(MCP_TYPE_NAMES), types: [], usesMcp: false };
  const interfaces = groupsOf(tools, options).map((group) => groupText(writing, group, options));
  return [
    ...(writing.usesMcp ? [MCP_TYPE_DECLARATIONS] : []),
    ...writing.types,
    ...interfaces,
    "declare const tools: Tools;",
  ].join("\n");
}

/** How many of `tools` are left out of the text. */
export function countDeferred(tools: readonly ToolDefinition[], options: DeclarationOptions): number {
  return tools.filter((tool) => isDeferred(tool, options)).length;
}

function isDeferred(tool: ToolDefinition, { deferred }: DeclarationOptions): boolean {
  if (deferred === undefined) return false;
  return typeof deferred === "function" ? deferred(tool) : deferred.has(tool.name);
}

function groupsOf(tools: readonly ToolDefinition[], options: DeclarationOptions): readonly Group[] {
  const groups = new Map<string | undefined, Group>([
    [undefined, { namespace: undefined, shown: [], deferred: 0 }],
  ]);
  for (const named of assignToolNames(tools)) {
    const { namespace } = named.tool.toolName;
    const group = groups.get(namespace) ?? { namespace, shown: [], deferred: 0 };
    groups.set(namespace, group);
    if (isDeferred(named.tool, options)) group.deferred += 1;
    else group.shown.push(named);
  }
  const isWorthShowing = ({ namespace, shown }: Group): boolean =>
    namespace !== undefined || shown.length > 0;
  // `Tools` has to be declared somewhere, also when there are none.
  return groups.size === 1 ? [...groups.values()] : [...groups.values()].filter(isWorthShowing);
}

function groupText(writing: Writing, group: Group, options: DeclarationOptions): string {
  const methods = group.shown.map((named) => methodText(writing, named)).join("");
  return `${groupComment(group, options)}interface Tools {${methods === "" ? "" : `\n${methods}`}}`;
}

function groupComment({ namespace, deferred }: Group, options: DeclarationOptions): string {
  if (namespace === undefined) return "";
  const name = shorten(namespace.replaceAll(/\s+/g, " "), MAX_NAMESPACE_CHARACTERS);
  const description = namespaceDescription(namespace, options);
  const heading = description === undefined ? name : `${name}: ${description}`;
  const others = deferred === 0 ? "" : `\nNot shown here but in ALL_TOOLS: ${deferred}.`;
  return comment(shorten(heading, MAX_DESCRIPTION_CHARACTERS) + others, "", Number.MAX_SAFE_INTEGER);
}

function namespaceDescription(namespace: string, { namespaces }: DeclarationOptions): string | undefined {
  if (namespaces instanceof Map) return namespaces.get(namespace);
  const record = namespaces as Readonly<Record<string, string>> | undefined;
  return record !== undefined && Object.hasOwn(record, namespace) ? record[namespace] : undefined;
}

function methodText(writing: Writing, { tool, identifier }: NamedTool): string {
  const description = comment(tool.description, "  ", MAX_DESCRIPTION_CHARACTERS);
  // Unquoted, `new(…)` would declare a constructor.
  const name = identifier === "new" ? '"new"' : propertyKey(identifier);
  const parameter = parameterText(writing, tool, identifier);
  return `${description}  ${name}(${parameter}): Promise<${resultText(writing, tool, identifier)}>;\n`;
}

function parameterText(writing: Writing, tool: ToolDefinition, identifier: string): string {
  if (tool.kind === "freeform") return "input: string";
  const { type, declarations } = schemaToTypeScript(tool.inputSchema ?? { type: "object" }, {
    ...rendering(writing, identifier),
    hint: "Input",
  });
  writing.types.push(...declarations);
  // Nothing has to be passed where nothing is asked for.
  const optional = tool.inputSchema === undefined || type === "{}" || type === "unknown";
  return `input${optional ? "?" : ""}: ${type}`;
}

function resultText(writing: Writing, tool: ToolDefinition, identifier: string): string {
  if (tool.outputSchema === undefined) return "unknown";
  const options = { ...rendering(writing, identifier), hint: "Output" };
  const structuredContent = structuredContentOf(tool.outputSchema);
  if (structuredContent === null) {
    const { type, declarations } = schemaToTypeScript(tool.outputSchema, options);
    writing.types.push(...declarations);
    return type;
  }
  writing.usesMcp = true;
  const { type, declarations } = renderSchema(structuredContent, options);
  writing.types.push(...declarations);
  return type === "unknown" ? "CallToolResult" : `CallToolResult<${type}>`;
}

function rendering(
  writing: Writing,
  identifier: string,
): { prefix: string; names: Set<string>; indent: string } {
  return { prefix: identifier.replaceAll(/\W/gu, "_"), names: writing.names, indent: "  " };
}
