/** What the reducer keeps about one thread's transcript. */
import type { Normalise, NormalItem } from "../conversation/normal-item.ts";
import type { ConversationItem } from "../graph/conversation.ts";
import type { Draft, Made, Moment } from "../graph/draft.ts";
import type { InferenceCall } from "../graph/inference.ts";
import type { CallSlot, EdgeState, InferenceState } from "./call-state.ts";
import type { TextMap } from "./text-map.ts";

/** An item of a thread's transcript and what the reducer keeps about it. */
export interface TranscriptItem extends Made {
  readonly draft: Draft<ConversationItem>;
  /** The sighting it was created from. */
  readonly normal: NormalItem;
  /** Where it was last put in its thread's live context; -1 for one that was accepted and that nothing has carried since. */
  position: number;
  /** When a model was first shown it, or said it; 0 for never. */
  shownSeq: number;
  /** Whether it is an output that its thread had in other words, or that a compaction has made again. */
  isCopy: boolean;
  /** The model-visible call that it is a call or an output of. */
  slot: CallSlot | null;
  /** Whether an interaction edge has it as its target, and no other may. */
  claimed: boolean;
  /** Whether it is of the history that its thread began with, which others had before it. Few are. */
  isInherited?: true;
  /** The edges of results that parts of an output say, by how those parts look. Few outputs have any. */
  carried?: Map<string, EdgeState>;
}

/** One prefix of contexts; see `conversation/context-tree.ts`. */
export interface ContextNode {
  readonly parent: ContextNode | null;
  /** Items from the root down to and with this one; 0 for the root. */
  readonly depth: number;
  readonly item: TranscriptItem | null;
  /** The call that first had this prefix; null for the root and for what a compaction put there and no request has shown yet. */
  creator: Draft<InferenceCall> | null;
  /** The child that a context last went on to. */
  latest: ContextNode | null;
  /** All children of a node that has several, which few have. */
  children: ContextChildren | null;
}

export interface ContextChildren {
  readonly byItem: Map<TranscriptItem, ContextNode>;
  /** The latest child with each content; made when one is first looked for by its content. */
  byIdentity: Map<string, ContextNode> | null;
}

/** A request that left out something of the one before it, and where that one ended. */
export interface Shrinkage {
  readonly call: InferenceState;
  readonly from: ContextNode;
}

/** A context of which a request had little. */
export interface LeftContext {
  readonly end: ContextNode;
  /** Where the last request in it ended. */
  readonly lastRequest: ContextNode;
}

/** The history of a request, whose items the live context has at their places and has been seen to have by it last. */
export interface SeenArray {
  readonly payloadId: string;
  readonly normalise: Normalise;
  readonly count: number;
  /** Where in the live context its items begin. */
  readonly from: number;
  /** Where those of its last few elements end, the last one's last. */
  readonly ends: readonly number[];
}

export interface Conversation {
  /**
   * The live context, which the next full request is compared with, is the path to `before` and then `live`. `before` is the
   * root unless a request went on from an earlier response and nothing has been compared with that context since.
   */
  before: ContextNode;
  live: TranscriptItem[];
  /** The latest sighting of each live item; null where that is not known. */
  seenAs: (NormalItem | null)[];
  /** The nodes of `live`. */
  nodes: ContextNode[];
  /**
   * How many of the first items of `live` are known to be instructions that stand beside the history; looked up where there is
   * something before `live`.
   */
  headLength: number;
  readonly root: ContextNode;
  /** What a request is asked to go on from. Null where that would be of no use. */
  seenArray: SeenArray | null;
  /** The most elements that one array of a document had. */
  longestArray: number;
  /** When a compaction last replaced the history: what was said before is no earlier context of what comes after. 0 for never. */
  replacedSeq: number;
  /**
   * How many items of contexts may still be looked through for elements that are not at their place: each element of a document
   * that is read adds some, so that all this looking is linear in what there is to read.
   */
  lookahead: number;
  /** Where the last request ended; the rest of the live context came after it. The root after a compaction. */
  lastRequest: ContextNode;
  /** The last few contexts that were left for others and not come back to since. None of before a compaction. */
  left: readonly LeftContext[];
  /** The last few requests that left out something of the one before them, and have not turned out to be side requests. */
  readonly shrunk: Shrinkage[];
  /** The latest item with each provider item id. */
  readonly byProviderId: TextMap<TranscriptItem>;
  /** Calls with a response that a request may continue, in order; see `conversation/responses.ts`. */
  readonly responses: InferenceState[];
  /** Where the context of each response id ended, as far as somebody had to look for it: of the first `indexed` responses. */
  readonly ends: Map<string, ContextNode>;
  indexed: number;
  /**
   * Acceptances of items that no payload has shown yet: the host accepts an item long before a request carries it. Filled by
   * `history_item_accepted`; an entry leaves when an item with that id is created. What stays is a finding.
   */
  readonly acceptedUnseen: Map<string, Moment>;
  /** Ids of elements that are not part of the transcript, so that their acceptance is not taken for a lost item. */
  readonly outsideIds: Set<string>;
  /** Whether any request was recorded: a thread without one has no transcript that a call item could be missing from. */
  hasRequests: boolean;
}
