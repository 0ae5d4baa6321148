/** What a script calls the tools it may call. */
import type { ToolDefinition } from "@rollout-trace/protocol";

export interface NamedTool {
  readonly tool: ToolDefinition;
  /** The property of `tools`: an identifier, unique among the tools that were named together. */
  readonly identifier: string;
}

/**
 * Gives each tool its identifier, in the order of `tools`.
 *
 * A name that is an identifier is kept; in another one each character that may not stand where it stands becomes `_`. Names
 * that collide are numbered from `_2` on, in order; names that needed no change go first, so that adding an oddly named
 * tool never renames a well named one.
 */
export function assignToolNames(tools: readonly ToolDefinition[]): NamedTool[] {
  const normalised = tools.map((tool) => toIdentifier(tool.name));
  const taken = new Set<string>();
  const identifiers = new Map<number, string>();
  const claim = (index: number, wanted: string): void => {
    let identifier = wanted;
    for (let number = 2; taken.has(identifier); number += 1) identifier = `${wanted}_${number}`;
    taken.add(identifier);
    identifiers.set(index, identifier);
  };
  const exact = (index: number): boolean => normalised[index] === tools[index]?.name;
  normalised.forEach((name, index) => {
    if (exact(index)) claim(index, name);
  });
  normalised.forEach((name, index) => {
    if (!exact(index)) claim(index, name);
  });
  return tools.map((tool, index) => ({ tool, identifier: identifiers.get(index) ?? "_" }));
}

function toIdentifier(name: string): string {
  let identifier = "";
  for (const character of name) {
    const legal = identifier === "" ? /[$_\p{ID_Start}]/u : /[$\u200c\u200d\p{ID_Continue}]/u;
    identifier += legal.test(character) ? character : "_";
  }
  return identifier === "" ? "_" : identifier;
}
