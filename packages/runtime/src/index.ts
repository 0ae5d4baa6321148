/** Code mode: runs model-written JavaScript in isolates, one actor per cell. */

/** What the runtime throws at a host. */
export { CodeModeError } from "./errors.ts";
/** The bounds of a cell where the request says nothing. */
export { DEFAULT_LIMITS } from "./isolate/limits.ts";
export type { ResolvedLimits } from "./isolate/limits.ts";
/** What a script calls the tools it may call. */
export { assignToolNames } from "./isolate/tool-names.ts";
export type { NamedTool } from "./isolate/tool-names.ts";
/** Sessions in the host's own process. */
export { InProcessSessionProvider } from "./session/in-process-provider.ts";
export type { InProcessProviderOptions, IsolateLoss } from "./session/in-process-provider.ts";
/** Default time until a cell yields, in milliseconds. */
export { DEFAULT_YIELD_TIME_MS } from "./session/requests.ts";
/** Runs a recorded cell again. */
export { replayCell } from "./isolate/replay-cell.ts";
export type { RecordedCall, ReplayedCall, ReplayOutcome, ReplayRequest } from "./isolate/replay-cell.ts";
export type { ScriptOutcome } from "./isolate/cell-isolate.ts";
/** What the model is told, and what it is answered. */
export {
  buildExecTool,
  buildWaitTool,
  callToolResultSchema,
  estimatingTokenizer,
  parseExecArguments,
  parseExecSource,
  parseWaitArguments,
  renderDeclarations,
  schemaToTypeScript,
  shapeOutput,
} from "./tools/index.ts";
export type {
  CustomToolSpec,
  DeclarationOptions,
  ExecSource,
  ExecToolOptions,
  FunctionToolSpec,
  PrintedType,
  RenderOptions,
  ShapeOptions,
  Tokenizer,
  WaitArguments,
  WaitToolOptions,
} from "./tools/index.ts";
