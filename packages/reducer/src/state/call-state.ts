/** What the reducer keeps about calls, cells and the interactions that calls make. */
import type { AgentInteractionKind, ExecutionStatus } from "@rollout-trace/protocol";
import type { CellCancellation, CellWait, CodeCell } from "../graph/code-cell.ts";
import type { Evidence } from "../graph/base.ts";
import type { Draft, Made, Moment } from "../graph/draft.ts";
import type { InteractionEdge } from "../graph/edge.ts";
import type { InferenceCall } from "../graph/inference.ts";
import type { TerminalOperation } from "../graph/terminal.ts";
import type { ToolCall } from "../graph/tool-call.ts";
import type { ContextNode, TranscriptItem } from "./conversation-state.ts";
import type { Members } from "./members.ts";
import type { Queue } from "./queues.ts";
import type { Recorded } from "./recorded-ids.ts";
import type { Several } from "./several.ts";
import type { ThreadState, TurnState } from "./thread-state.ts";

/**
 * One use of a model-visible call id in one thread: everything that meets by that id. Its parts arrive in any order (a tool
 * starts before the response that asked for it is recorded), and each link is made by whichever of its two ends is later.
 */
export interface CallSlot {
  readonly thread: ThreadState;
  readonly callId: string;
  /** Whether an output is still to come. */
  isOpen: boolean;
  callItems: Several<TranscriptItem>;
  outputItems: Several<TranscriptItem>;
  /** The outputs that a model was shown, each once: of what it was shown again in other words, the first. */
  shown: Several<TranscriptItem>;
  toolCall: ToolCallState | null;
  /** Whether the tool call waits for a cell, and so has none of its own. */
  isOfWait: boolean;
  cell: CellState | null;
  /** The call whose response carries the call item. */
  inference: Draft<InferenceCall> | null;
  /** Whether that response has another call with its id. */
  hasTwin: boolean;
  /** The next use where the host ran the same call another time. */
  again: CallSlot | null;
}

/** What a use of a call id may be waiting for: its call item, its tool call (a wait only beside no cell), its cell, an output. */
export type SlotPart = "callItems" | "toolCall" | "waitCall" | "cell" | "output";

/**
 * The uses of one model-visible call id in one thread, oldest first; `open` are those without an output, and some that have got one. No
 * use before `next[part]` is open and lacks that part: neither comes back, so the next one is found without looking at those again.
 */
export interface CallUses {
  readonly all: CallSlot[];
  readonly open: CallSlot[];
  readonly next: { [Part in SlotPart]: number };
  /** The last response with a call of that id, and the first use that is its. */
  latest: Draft<InferenceCall> | null;
  from: number;
}

export interface InferenceState extends Recorded {
  readonly draft: Draft<InferenceCall>;
  readonly thread: ThreadState;
  readonly turn: TurnState;
  /** The end of its request; its response continues from there. */
  requestEnd: ContextNode;
  /** The calls of its response. */
  calls: Several<TranscriptItem>;
  /** The end of its response; null before there is one. */
  responseEnd: ContextNode | null;
  /** How many items of the last request this one left out although nothing was compacted. */
  dropped: number;
}

export interface ToolCallState extends Recorded, Made {
  readonly draft: Draft<ToolCall>;
  readonly thread: ThreadState | null;
  readonly turn: TurnState | null;
  /** Where its model-visible call id meets its items; null for a call without one. */
  slot: CallSlot | null;
  /** The cell that asked for it. */
  parentCell: CellState | null;
  /** The latest wait that it asked for, as the runtime tells of it. */
  wait: WaitState | null;
  /** What a wait call asks for, as its arguments say. */
  asks: AskedWait | null;
  operation: OperationState | null;
  interaction: Interaction | null;
  /** The event that named its result; 0 for none. */
  resultSeq: number;
  /** The events that named runtime payloads of it, if it may be an interaction of agents. */
  runtimeSeqs: readonly number[];
}

export interface CellState extends Recorded, Made {
  readonly draft: Draft<CodeCell>;
  readonly thread: ThreadState | null;
  readonly turn: TurnState | null;
  slot: CallSlot | null;
  /** Nested calls that have not ended; the end of the cell closes them. */
  openNested: Members<ToolCallState>;
  /** The wait calls whose arguments name it. Each is a wait of it unless the runtime tells of the wait. */
  askedBy: Several<ToolCallState>;
  /**
   * Notifications (by text, as indices) without an output item, and output items (by text) without a notification: a
   * notification is recorded when it is made, its item when the next request carries it.
   */
  readonly unseenNotifications: Map<string, Queue<number>>;
  readonly otherOutputs: Map<string, Queue<TranscriptItem>>;
}

/**
 * A wait of a cell that the runtime tells of: an index into the cell's `waits`, or the wait itself as long as the recording has not
 * started that cell.
 */
export interface WaitState {
  cell: CellState | null;
  index: number;
  early: CellWait | null;
  readonly runtimeCellId: string;
  readonly madeSeq: number;
  /** Whether it is of a call, and the latest of those that this waited for before. */
  claimed: boolean;
  before: WaitState | null;
  /** Whether there was a call with its id, which waits for another cell. Few are. */
  isRefused?: true;
  /** Whether its end is kept until its cell has started. Few are. */
  endsWithCell?: true;
}

export interface AskedWait {
  /** Null where the arguments do not say. */
  readonly runtimeCellId: string | null;
  /** The cell that had that id when it asked; where there was none, the one that got it while the call was under way. */
  cell: CellState | null;
  /**
   * What a call with `terminate` asked for. Only the runtime knows whether that ended the cell; where it says nothing of a
   * cancellation, a cell that ran then and was terminated afterwards was terminated for this.
   */
  readonly toEnd: CellCancellation | null;
}

export interface OperationState {
  readonly draft: Draft<TerminalOperation>;
  readonly call: ToolCallState;
  /** The process that it says it is of. */
  named: NamedProcess | null;
  /** For a write: the command whose process it went to, by the host's word. */
  target: WriteTarget | null;
  /** What it told of the end of its process. */
  exit: ProcessExit | null;
  /** Whether the runtime's own end event has been seen; it knows more than the call's. */
  hasRuntimeEnd: boolean;
}

export interface NamedProcess {
  /** The host's process id. */
  readonly id: string;
  /** The event that named it first. */
  readonly evidence: Evidence;
  /** The event by which the runtime or a result named it, and not only what the model asked for; null for none. */
  confirmed: Evidence | null;
}

export interface WriteTarget {
  readonly exec: ToolCallState;
  readonly evidence: Evidence;
}

export interface ProcessExit extends Moment {
  readonly status: Exclude<ExecutionStatus, "running">;
  readonly evidence: Evidence;
}

/** What a tool call did to another agent. */
export interface Interaction {
  readonly call: ToolCallState;
  readonly kind: AgentInteractionKind;
  targetThreadId: string | null;
  message: string | null;
  /** The events that told of it. */
  readonly seqs: number[];
  ended: { readonly moment: Moment; readonly status: Exclude<ExecutionStatus, "running"> } | null;
  edge: EdgeState | null;
}

export interface EdgeState extends Made {
  readonly draft: Draft<InteractionEdge>;
  /** Whose live history the message goes to; null while that is not known. */
  recipientThreadId: string | null;
  /** For a result: the turn that it comes from. */
  readonly resultOf: TurnState | null;
  readonly call: ToolCallState | null;
  /** Whether the recipient's items are being watched for the message. */
  expecting: boolean;
  /** The number that the latest edge got which would have had its id. */
  sameIds: number;
}
