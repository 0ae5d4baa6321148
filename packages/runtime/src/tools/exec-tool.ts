/** The `exec` tool: what a model is told about code mode. */
import type { ToolDefinition } from "@rollout-trace/protocol";
import { countDeferred, type DeclarationOptions, renderDeclarations } from "./declarations.ts";
import { HELPER_DECLARATIONS } from "./helper-declarations.ts";
import type { CustomToolSpec, FunctionToolSpec } from "./tool-spec.ts";

export interface ExecToolOptions extends DeclarationOptions {
  /**
   * `custom`: the model writes plain JavaScript. `function`: it writes a JSON object with one string, for models and APIs
   * without custom tools. Default `custom`.
   */
  readonly style?: "custom" | "function" | undefined;
  /** What the tool is called. Default `exec`. */
  readonly name?: string | undefined;
  /** What the tool of `buildWaitTool` is called. Default `wait`. */
  readonly waitName?: string | undefined;
}

/** Any text that is not empty, with a place for the options in a first line. */
const GRAMMAR = String.raw`start: (OPTIONS NEWLINE)? SOURCE
OPTIONS: /[ \t]*\/\/[ \t]*@exec:[ \t]*\{[^\r\n]*\}[ \t]*/
NEWLINE: /\r?\n/
SOURCE: /(.|\r|\n)+/
`;

const SOURCE_PARAMETERS = Object.freeze({
  type: "object",
  properties: { source: { type: "string", description: "The JavaScript to run." } },
  required: ["source"],
  additionalProperties: false,
});

/**
 * Makes the specification of `exec` for `tools`, which should be the `enabledTools` of the requests that follow, in the
 * same order: colliding names are told apart by it.
 */
export function buildExecTool(
  tools: readonly ToolDefinition[],
  options: ExecToolOptions & { readonly style: "function" },
): FunctionToolSpec;
export function buildExecTool(
  tools: readonly ToolDefinition[],
  options?: ExecToolOptions & { readonly style?: "custom" | undefined },
): CustomToolSpec;
export function buildExecTool(
  tools: readonly ToolDefinition[],
  options?: ExecToolOptions,
): CustomToolSpec | FunctionToolSpec;
export function buildExecTool(
  tools: readonly ToolDefinition[],
  options: ExecToolOptions = {},
): CustomToolSpec | FunctionToolSpec {
  const { name = "exec", style = "custom" } = options;
  const description = descriptionText(tools, options);
  if (style === "function") {
    return { type: "function", name, description, strict: true, parameters: SOURCE_PARAMETERS };
  }
  return {
    type: "custom",
    name,
    description,
    format: { type: "grammar", syntax: "lark", definition: GRAMMAR },
  };
}

function descriptionText(tools: readonly ToolDefinition[], options: ExecToolOptions): string {
  const { style = "custom", waitName = "wait" } = options;
  const input =
    style === "custom" ? " The input is the code itself: no JSON around it, no Markdown fence." : "";
  const deferred = countDeferred(tools, options);
  const hidden =
    deferred === 0
      ? ""
      : `\nTools that are not declared below: ${deferred}. Look for them in ALL_TOOLS and call them by name like the others.`;
  return `Runs JavaScript that can call your other tools.${input}

The code is an async module in a fresh V8 isolate: top-level await works; there are no imports, no Node, no files, no network and no console. It reaches the outside only through \`tools\`, and you see only what it passes to text() or image(). Prefer one script that makes several calls, in parallel with Promise.all where they do not depend on each other, filters the results and prints what matters. A call that is not awaited is cancelled when the script ends.

A script that runs longer than 10 seconds goes on in the background: the answer then has its cell ID, to be passed to ${waitName}. An optional first line sets that time and how much output you get back (default 10000 tokens; the middle of a longer one is left out):
// @exec: {"yield_time_ms": 10000, "max_output_tokens": 10000}
${hidden}
What the code sees, in TypeScript:

${HELPER_DECLARATIONS}

${renderDeclarations(tools, options)}`;
}
