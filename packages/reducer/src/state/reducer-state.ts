/** Everything a reduction has gathered so far. Handlers change it; `graph/build.ts` only reads it, unless it may take what there is. */
import type { HostInfo, RawEvent, RolloutStatus } from "@rollout-trace/protocol";
import type { Diagnostic } from "../diagnostics.ts";
import type { ConversationItem } from "../graph/conversation.ts";
import type { Draft, Evidenced, Moment } from "../graph/draft.ts";
import type { Compaction, CompactionRequest } from "../graph/inference.ts";
import type { GraphPayload } from "../graph/rollout-graph.ts";
import type { Span } from "../graph/span.ts";
import type {
  CellState,
  EdgeState,
  InferenceState,
  Interaction,
  OperationState,
  ToolCallState,
} from "./call-state.ts";
import type { TokenUsage } from "../graph/base.ts";
import { NO_USAGE, type UsageSum } from "../conversation/token-usage.ts";
import { type KnownElements, noElements } from "./known-elements.ts";
import { type Recorded, RecordedIds } from "./recorded-ids.ts";
import { TextMap } from "./text-map.ts";
import type { ThreadState, TurnState } from "./thread-state.ts";

export interface CompactionState extends Recorded {
  readonly draft: Draft<Compaction>;
  readonly thread: ThreadState;
}

export interface CompactionRequestState extends Recorded {
  readonly draft: Draft<CompactionRequest>;
  readonly turn: TurnState;
}

export interface SpanState extends Recorded {
  readonly draft: Draft<Span>;
}

/** How a rollout was closed. Its leftovers are closed when the graph is built: children may end after their rollout. */
export interface RolloutEnd extends Moment {
  readonly status: RolloutStatus;
  readonly cause: "rollout_ended" | "recording_stopped";
}

export interface ReducerState {
  traceId: string | null;
  rolloutId: string | null;
  rootThreadId: string | null;
  host: HostInfo | null;
  startedAtUs: number | null;
  end: RolloutEnd | null;
  completed: boolean;
  /** Whether the recording was closed, or found to have stopped. */
  isOver: boolean;
  lastSeq: number;
  /** When the event being applied happened; between two events, the last one. */
  readonly moment: { -readonly [Key in keyof Moment]: Moment[Key] };
  readonly threads: Map<string, ThreadState>;
  readonly turns: RecordedIds<TurnState>;
  /** In the order of their numbers. */
  readonly items: Draft<ConversationItem>[];
  /** What has so much evidence that it is put in order when the graph is built. */
  readonly unsorted: Set<Evidenced>;
  readonly inferenceCalls: RecordedIds<InferenceState>;
  readonly toolCalls: RecordedIds<ToolCallState>;
  readonly cells: RecordedIds<CellState>;
  readonly operations: OperationState[];
  readonly compactions: RecordedIds<CompactionState>;
  readonly compactionRequests: RecordedIds<CompactionRequestState>;
  readonly edges: Map<string, EdgeState>;
  readonly spans: RecordedIds<SpanState>;
  readonly payloads: {
    /** In the order of being named; those that are named again much later are there again. */
    readonly ids: string[];
    /** What each was said to be, in the same order. */
    readonly of: GraphPayload[];
    /** Some that are listed, the latest among them. */
    recent: TextMap<true>;
    /** Those that are not in the store. */
    readonly missing: Set<string>;
  };
  readonly usage: {
    readonly total: UsageSum;
    readonly byModel: Map<string, UsageSum>;
    readonly byThread: Map<string, UsageSum>;
    /** Those that have any, in the order of having it. */
    readonly turns: TurnState[];
    /** What the first response with each id cost: it has been counted. */
    readonly responses: TextMap<TokenUsage>;
    /** Others with the same ids that have been counted, by id and cost. */
    readonly others: Set<string>;
  };
  /**
   * Events that name something which has not started: by what they wait for. Concurrent recorders may write an end before
   * its start. Filled by the handlers of lifecycle events, drained in order by the start; what is left when the graph is
   * built is an `unknown_reference`.
   */
  readonly waiting: Map<string, RawEvent[]>;
  /**
   * Interactions by the thread that they name, until that thread starts: a spawn may be recorded before its child. What is
   * left when the graph is built concerns threads outside of the recording.
   */
  readonly awaitingThread: Map<string, Set<Interaction>>;
  readonly elements: KnownElements;
  readonly diagnostics: Diagnostic[];
}

export function emptyState(): ReducerState {
  return {
    traceId: null,
    rolloutId: null,
    rootThreadId: null,
    host: null,
    startedAtUs: null,
    end: null,
    completed: false,
    isOver: false,
    lastSeq: 0,
    moment: { at_us: 0, seq: 0 },
    threads: new Map(),
    turns: new RecordedIds(),
    items: [],
    unsorted: new Set(),
    inferenceCalls: new RecordedIds(),
    toolCalls: new RecordedIds(),
    cells: new RecordedIds(),
    operations: [],
    compactions: new RecordedIds(),
    compactionRequests: new RecordedIds(),
    edges: new Map(),
    spans: new RecordedIds(),
    payloads: { ids: [], of: [], recent: new TextMap(), missing: new Set() },
    usage: {
      total: { ...NO_USAGE },
      byModel: new Map(),
      byThread: new Map(),
      turns: [],
      responses: new TextMap(),
      others: new Set(),
    },
    waiting: new Map(),
    awaitingThread: new Map(),
    elements: noElements(),
    diagnostics: [],
  };
}
