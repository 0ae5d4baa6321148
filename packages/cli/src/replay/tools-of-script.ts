/**
 * The tools that a recorded script could call, as far as the recording shows them: it has what was called, by the host's
 * names, and the script, with its own. Which script's name is which host's follows from how names are made.
 */
import type { ToolDefinition, ToolName } from "@rollout-trace/protocol";
import type { RecordedCell } from "./recorded-cell.ts";

/** Every tool that the script names, and every one that it called. */
export function toolsOfScript(cell: RecordedCell): readonly ToolDefinition[] {
  const called = new Map(cell.calls.map((call) => [JSON.stringify(call.toolName), call]));
  const named = namesIn(cell.source);
  const tools: ToolDefinition[] = [];
  const found = new Set<string>();
  for (const name of named) {
    const entry = [...called].find(([, call]) => scriptNames(call.toolName).includes(name));
    if (entry === undefined) {
      if (!wasNoTool(cell, name)) tools.push(definition(name, { name }, "function"));
      continue;
    }
    const [key, call] = entry;
    found.add(key);
    tools.push(definition(name, call.toolName, call.kind));
  }
  for (const [key, call] of called) {
    // Called by a name that the script worked out.
    if (found.has(key)) continue;
    const names = scriptNames(call.toolName).filter((name) => !tools.some((tool) => tool.name === name));
    tools.push(...names.map((name) => definition(name, call.toolName, call.kind)));
  }
  return tools;
}

function definition(name: string, toolName: ToolName, kind: ToolDefinition["kind"]): ToolDefinition {
  return { name, toolName, description: "", kind };
}

/** What a script may call a tool: servers' tools go by `<server>__<tool>`. Best first. */
function scriptNames({ name, namespace }: ToolName): readonly string[] {
  const names = namespace === undefined ? [name] : [`${namespace}__${name}`, `${namespace}_${name}`, name];
  return [...new Set(names.map(asIdentifier))];
}

function asIdentifier(name: string): string {
  return name.replaceAll(/[^$\u200c\u200d\p{ID_Continue}]/gu, "_").replace(/^(?![$_\p{ID_Start}])./u, "_");
}

const NAMED =
  /\btools\s*(?:\?\.|\.)\s*([$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*)|\btools\s*(?:\?\.)?\[\s*(["'`])((?:(?!\2)[^\\\n])*)\2\s*\]/gu;
const TAKEN_APART = /\{([^{}]*)\}\s*=\s*tools\b/g;

function namesIn(source: string): ReadonlySet<string> {
  const names = [...source.matchAll(NAMED)].map(([, plain, , quoted]) => plain ?? quoted ?? "");
  const taken = [...source.matchAll(TAKEN_APART)].flatMap(([, list = ""]) =>
    list.split(",").map((entry) => entry.split(/[:=]/)[0]?.trim() ?? ""),
  );
  return new Set([...names, ...taken].filter((name) => name !== "" && !name.startsWith("...")));
}

/** The recorded run says that it had no such tool. */
function wasNoTool({ output, errorText }: RecordedCell, name: string): boolean {
  const texts = [
    errorText ?? "",
    ...(output ?? []).map((item) => (item.type === "input_text" ? item.text : "")),
  ];
  return texts.some((text) => text.includes(`tools.${name} is not a function`));
}
