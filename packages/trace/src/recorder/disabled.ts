/**
 * Handles with nothing behind them: what a host holds when it is not recorded.
 *
 * They are constants, their methods are empty, and no function that builds a payload is ever called. Their ids are all
 * `disabled`; whoever needs ids of their own makes them.
 */
import {
  asId,
  type CodeModeObserver,
  type CompactionId,
  type InferenceCallId,
  type RolloutId,
  type ThreadId,
  type ToolCallId,
  type TurnId,
} from "@rollout-trace/protocol";
import type {
  CompactionRequestTrace,
  CompactionTrace,
  InferenceTrace,
  ThreadTrace,
  ToolCallTrace,
  TraceToolOptions,
  TurnTrace,
} from "./handles.ts";

const NOTHING = (): void => {};
const run = <Result>(fn: () => Result): Result => fn();

const observer: CodeModeObserver = Object.freeze({
  observe: NOTHING,
  runNestedCall: <Result>(_call: unknown, fn: () => Promise<Result>): Promise<Result> => fn(),
});

const compactionRequest: CompactionRequestTrace = Object.freeze({ completed: NOTHING, failed: NOTHING });

const compaction: CompactionTrace = Object.freeze({
  enabled: false,
  compactionId: asId<CompactionId>("disabled"),
  startRequest: () => compactionRequest,
  installed: NOTHING,
});

const inference: InferenceTrace = Object.freeze({
  enabled: false,
  inferenceCallId: asId<InferenceCallId>("disabled"),
  completed: NOTHING,
  failed: NOTHING,
  cancelled: NOTHING,
  run,
});

const toolCall: ToolCallTrace = Object.freeze({
  enabled: false,
  toolCallId: asId<ToolCallId>("disabled"),
  runtimeStarted: NOTHING,
  runtimeEnded: NOTHING,
  mcpCallAssigned: NOTHING,
  agentInteractionStarted: NOTHING,
  agentInteractionEnded: NOTHING,
  stdinTarget: NOTHING,
  ended: NOTHING,
  failed: NOTHING,
  run,
});

const thread: ThreadTrace = Object.freeze({
  enabled: false,
  rolloutId: asId<RolloutId>("disabled"),
  threadId: asId<ThreadId>("disabled"),
  agentPath: "/disabled",
  lastSeq: 0,
  startTurn: () => turn,
  startChildThread: () => thread,
  resume: NOTHING,
  end: NOTHING,
  agentResult: NOTHING,
  compaction: () => compaction,
  protocolEvent: NOTHING,
  other: NOTHING,
  codeModeObserver: () => observer,
  run,
  endRollout: NOTHING,
});

const turn: TurnTrace = Object.freeze({
  enabled: false,
  thread,
  turnId: asId<TurnId>("disabled"),
  startInference: () => inference,
  startToolCall: () => toolCall,
  traceTool: <Result>(
    _options: TraceToolOptions<Awaited<Result>>,
    fn: (call: ToolCallTrace) => Result,
  ): Result => fn(toolCall),
  historyItemAccepted: NOTHING,
  compaction: () => compaction,
  protocolEvent: NOTHING,
  other: NOTHING,
  codeModeObserver: () => observer,
  run,
  end: NOTHING,
});

/** A thread that is not recorded; everything started from it is not recorded either. */
export function disabledThreadTrace(): ThreadTrace {
  return thread;
}

/** A turn that is not recorded. */
export function disabledTurnTrace(): TurnTrace {
  return turn;
}

/** An inference call that is not recorded. */
export function disabledInferenceTrace(): InferenceTrace {
  return inference;
}

/** A tool call that is not recorded. */
export function disabledToolCallTrace(): ToolCallTrace {
  return toolCall;
}
