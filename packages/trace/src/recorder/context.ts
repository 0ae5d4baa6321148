/** The thread, turn and tool call in whose name code is running. Travels with async calls. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ActiveSpan } from "../opentelemetry/active-span.ts";
import type { ThreadTrace, ToolCallTrace, TurnTrace } from "./handles.ts";

export interface TraceContext {
  readonly thread: ThreadTrace | null;
  readonly turn: TurnTrace | null;
  readonly toolCall: ToolCallTrace | null;
}

const NOTHING: TraceContext = Object.freeze({ thread: null, turn: null, toolCall: null });
const storage = new AsyncLocalStorage<TraceContext>();

/** What the running code is attributed to. All null outside of any recorded context. */
export function currentTrace(): TraceContext {
  return storage.getStore() ?? NOTHING;
}

/** Runs `fn`, and everything it starts, in a context and, where there is one, in its span. */
export function runInContext<Result>(
  context: TraceContext,
  fn: () => Result,
  span: ActiveSpan | null = null,
): Result {
  return span === null ? storage.run(context, fn) : storage.run(context, () => span.run(fn));
}
