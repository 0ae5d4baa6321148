/** The tools of a cell in the form in which isolates are prepared for them. */
import type { ToolDefinition } from "@rollout-trace/protocol";
import { assignToolNames, type NamedTool } from "./tool-names.ts";

export interface Toolset {
  /** Equal for toolsets that look the same to a script. */
  readonly key: string;
  readonly tools: readonly NamedTool[];
}

interface Known {
  /** The array's elements when it was named. */
  readonly elements: readonly ToolDefinition[];
  readonly toolset: Toolset;
}

/**
 * Hosts pass the same array with every request; naming and hashing 128 tools each time would cost as much as the cell. An array
 * whose elements were replaced since is named anew; the elements themselves are taken to stay as they are.
 */
export class Toolsets {
  readonly #known = new WeakMap<readonly ToolDefinition[], Known>();

  of(tools: readonly ToolDefinition[]): Toolset {
    const known = this.#known.get(tools);
    if (known !== undefined && sameElements(known.elements, tools)) return known.toolset;
    const elements = [...tools];
    const named = assignToolNames(elements);
    const key = JSON.stringify(
      named.map(({ tool, identifier }) => [identifier, tool.kind, tool.description]),
    );
    const toolset = { key, tools: named };
    this.#known.set(tools, { elements, toolset });
    return toolset;
  }
}

function sameElements(left: readonly ToolDefinition[], right: readonly ToolDefinition[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}
