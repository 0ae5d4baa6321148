/** What the reducer keeps about threads and turns. */
import type { Draft } from "../graph/draft.ts";
import type { ExecutionWindow } from "../graph/base.ts";
import type { InferenceCall } from "../graph/inference.ts";
import type { Thread, Turn } from "../graph/thread.ts";
import type {
  CallSlot,
  CallUses,
  CellState,
  EdgeState,
  InferenceState,
  ToolCallState,
  WaitState,
} from "./call-state.ts";
import type { Conversation, TranscriptItem } from "./conversation-state.ts";
import { type Members, withMember, withoutMember } from "./members.ts";
import type { Queue, Shelf } from "./queues.ts";
import type { Recorded } from "./recorded-ids.ts";
import type { Several } from "./several.ts";
import type { TextMap } from "./text-map.ts";

/** What runs inside something and is closed by its end. */
interface Work {
  readonly calls: ToolCallState;
  readonly cells: CellState;
  readonly inference: InferenceState;
}

/** Members leave when they end themselves. */
export type Inside = { -readonly [Kind in keyof Work]: Members<Work[Kind]> };

export function enter<Kind extends keyof Work>(
  inside: Inside | undefined,
  kind: Kind,
  entry: Work[Kind],
): void {
  if (inside === undefined) return;
  inside[kind] = withMember<Work[Kind]>(inside[kind], entry) as Inside[Kind];
}

export function leave<Kind extends keyof Work>(
  inside: Inside | undefined,
  kind: Kind,
  entry: Work[Kind],
): void {
  if (inside === undefined) return;
  inside[kind] = withoutMember<Work[Kind]>(inside[kind], entry) as Inside[Kind];
}

export type Asked = Pick<InferenceCall, "model" | "provider" | "dialect">;

export interface StartedAgain {
  /** The use that it is another run of, if no response asks for it. */
  readonly before: CallSlot;
  readonly seq: number;
}

export interface ThreadState {
  readonly draft: Draft<Thread>;
  /** Whether an event started it, or it is only named. */
  started: boolean;
  readonly conversation: Conversation;
  /** What its latest request was sent to, and in which wire format; null before there is one. */
  asks: Asked | null;
  /** The first use of each model-visible call id. */
  readonly slots: TextMap<CallSlot>;
  /** All uses of those ids that have more than one. */
  readonly reusedSlots: Map<string, CallUses>;
  /** Calls that were started again while a request was under way whose response may ask for them. Few threads have any. */
  startedAgain?: Map<CallSlot, StartedAgain>;
  /** The latest cell with each runtime cell id. */
  readonly cells: Map<string, CellState>;
  /** Nested calls by a runtime cell id that nothing has started yet; a cell that starts with that id takes them. */
  readonly orphans: Map<string, ToolCallState[]>;
  readonly waits: Map<string, WaitState>;
  /**
   * By model-visible call id, the runtime's waits that there was no tool call for yet, and the latest wait call: the two meet here,
   * whichever comes first.
   */
  readonly waitsByCall: Map<string, Several<WaitState>>;
  readonly waitCallsByCall: Map<string, ToolCallState>;
  /** Waits that a call with their id has refused, until a later one takes them; see `linking/waits.ts`. Few threads have any. */
  refusedWaits?: Map<string, Shelf<WaitState>>;
  /** Waits for a runtime cell id that nothing has started yet; a cell that starts with that id takes them. Few threads have any. */
  earlyWaits?: Map<string, WaitState[]>;
  /** Wait calls whose arguments name a runtime cell id that nothing has started yet. Few threads have any. */
  earlyWaitCalls?: Map<string, ToolCallState[]>;
  /** How it had ended each time before it was resumed, in order. Few threads have been. */
  pastEnds?: ExecutionWindow[];
  /** The first edge of a spawn to each thread. Only threads with children have this. */
  spawns?: Map<string, EdgeState>;
  openTurns: Members<TurnState>;
  readonly inside: Inside;
  /**
   * Messages that other agents have sent here, by what they would look like, until an item shows up; and items that look
   * like a message, until somebody turns out to have sent it. The sender is recorded when it sends, the item when a request
   * carries it; the two may come in either order. Both are kept oldest first. Items go to `unsortedMessages` first, and
   * from there when a message is looked for among them.
   */
  readonly expectedMessages: Map<string, Queue<EdgeState>>;
  readonly possibleMessages: Map<string, Shelf<TranscriptItem>>;
  readonly unsortedMessages: TranscriptItem[];
  /** Made with the first delivery that is loose. */
  loose?: LooseDeliveries;
}

/** Deliveries of messages that end when an item shows up which fits better; see `linking/deliveries.ts`. */
export interface LooseDeliveries {
  readonly of: Map<EdgeState, LooseDelivery>;
  /** The edges of such deliveries, and of some that have ended, by what a better item would look like. */
  readonly expected: Map<string, Queue<EdgeState>>;
  /** Items whose delivery has ended, by what they look like, until somebody turns out to have sent another such message. */
  readonly released: Map<string, Shelf<TranscriptItem>>;
}

/** How an item looks like a message. */
export interface Look {
  /** How well it fits: the less, the better. */
  readonly fit: number;
  readonly key: string;
}

export interface LooseDelivery {
  readonly item: TranscriptItem;
  readonly look: Look;
}

export interface TurnState extends Recorded {
  readonly draft: Draft<Turn>;
  readonly inside: Inside;
  /** How many tool calls started in it. */
  toolCallCount: number;
  /** What the model last said in it; the source of a result edge that says nothing else the model said. */
  lastAnswer: TranscriptItem | null;
  /** Its result for each thread. Few turns have any. */
  results?: Map<string, TurnResult>;
  /** The latest answer with each text; made with the first result, which only says what it says. See `linking/answers.ts`. */
  answers?: Map<string, TranscriptItem>;
}

export interface TurnResult {
  readonly edge: EdgeState;
  /** What it says, as a key of `answers`. */
  readonly message: string;
}

export function emptyInside(): Inside {
  return { calls: null, cells: null, inference: null };
}
