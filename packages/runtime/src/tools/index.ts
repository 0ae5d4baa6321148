/** What the model is told, and what it is answered. Loads no isolate. */
export { type DeclarationOptions, renderDeclarations } from "./declarations.ts";
export { type ExecSource, parseExecArguments, parseExecSource } from "./exec-source.ts";
export { buildExecTool, type ExecToolOptions } from "./exec-tool.ts";
export { callToolResultSchema } from "./mcp-types.ts";
export { type RenderOptions, schemaToTypeScript } from "./schema-to-typescript.ts";
export { shapeOutput, type ShapeOptions } from "./shape-output.ts";
export { estimatingTokenizer, type Tokenizer } from "./tokenizer.ts";
export type { CustomToolSpec, FunctionToolSpec } from "./tool-spec.ts";
export type { PrintedType } from "./type-printer.ts";
export { buildWaitTool, parseWaitArguments, type WaitArguments, type WaitToolOptions } from "./wait-tool.ts";
