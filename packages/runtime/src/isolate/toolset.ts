/** The tools of a cell in the form in which isolates are prepared for them. */
import type { ToolDefinition } from "@rollout-trace/protocol";
import { assignToolNames, type NamedTool } from "./tool-names.ts";

export interface Toolset {
  /** Equal for toolsets that look the same to a script. */
  readonly key: string;
  readonly tools: readonly NamedTool[];
}

/**
 * Hosts pass the same array with every request; naming and hashing 128 tools each time would cost as much as the cell. An
 * array that was changed since is noticed, because its elements are compared.
 */
export class Toolsets {
  readonly #known = new WeakMap<readonly ToolDefinition[], Toolset>();

  of(tools: readonly ToolDefinition[]): Toolset {
    const known = this.#known.get(tools);
    if (known !== undefined && isCurrent(known, tools)) return known;
    const named = assignToolNames(tools.map((tool) => ({ ...tool })));
    const key = JSON.stringify(
      named.map(({ tool, identifier }) => [identifier, tool.kind, tool.description]),
    );
    const toolset = { key, tools: named };
    this.#known.set(tools, toolset);
    return toolset;
  }
}

function isCurrent(toolset: Toolset, tools: readonly ToolDefinition[]): boolean {
  return (
    toolset.tools.length === tools.length &&
    toolset.tools.every(({ tool: seen }, index) => {
      const tool = tools[index];
      return (
        tool !== undefined &&
        seen.name === tool.name &&
        seen.description === tool.description &&
        seen.kind === tool.kind &&
        seen.toolName === tool.toolName &&
        seen.recordAs === tool.recordAs
      );
    })
  );
}
