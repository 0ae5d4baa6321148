/** What the writer knows of one recording, and what it is given to write. */
import type { PayloadKind, RolloutId } from "@rollout-trace/protocol";
import { type PlacedDocument, RopeChain } from "./rope-chain.ts";
import type { NewRollout } from "./statements.ts";

/** Evidence of an entry, stored before it. */
export interface EntryPayload extends PlacedDocument {
  readonly kind: PayloadKind;
  readonly base: PlacedDocument | null;
}

/** An event on its way into the file. Its `seq` is assigned when it is written. */
export interface Entry {
  readonly recording: Recording;
  readonly timeUs: number;
  readonly threadId: string | null;
  readonly turnId: string | null;
  readonly type: string;
  readonly body: string;
  readonly payloads: readonly EntryPayload[];
  /** Bytes that the entry holds in memory, about. */
  readonly cost: number;
}

/** Stands in the queue where events were lost. Counts on until it is written. */
export interface Gap {
  readonly recording: Recording;
  /** When it began. */
  readonly timeUs: number;
  droppedEvents: number;
  droppedPayloadBytes: number;
  reason: string;
}

export type Queued = Entry | Gap;

export function isGap(queued: Queued): queued is Gap {
  return "droppedEvents" in queued;
}

/** The state of one recording that only the writer and the recorder of its rollout touch. */
export class Recording {
  readonly rolloutId: RolloutId;
  readonly header: NewRollout;
  /** Its row in the file that is open now; null until its first event is written there. */
  row: number | null = null;
  /** The `seq` of the last event in the file; 0 before the first. */
  lastSeq = 0;
  /** Entries never go back behind this. */
  lastTimeUs = 0;
  /** A gap that is queued and not yet written. */
  openGap: Gap | null = null;
  /** `ended`: nothing may follow. `lost`: its first event could not be kept, so that nothing that follows would mean anything. */
  state: "open" | "ended" | "lost" = "open";
  /**
   * Its first event and its threads' starts, once written, in case the file is deleted and another one has to begin; as many
   * as are worth keeping in memory for that.
   */
  readonly announcements: Entry[] = [];
  announcementCost = 0;
  readonly #chains: Map<string | null, Map<PayloadKind, RopeChain>> = new Map();
  #lastOrdinal = 0;

  constructor(rolloutId: RolloutId, header: NewRollout) {
    this.rolloutId = rolloutId;
    this.header = header;
  }

  nextOrdinal(): number {
    this.#lastOrdinal += 1;
    return this.#lastOrdinal;
  }

  /** The chain of a thread's payloads of one kind. */
  chain(threadId: string | null, kind: PayloadKind): RopeChain {
    let chains = this.#chains.get(threadId);
    if (chains === undefined) this.#chains.set(threadId, (chains = new Map()));
    let chain = chains.get(kind);
    if (chain === undefined) chains.set(kind, (chain = new RopeChain()));
    return chain;
  }

  /** Lets go of what is kept for comparing a thread's payloads. */
  forgetChains(threadId: string): void {
    this.#chains.delete(threadId);
  }

  /** Nothing may follow. What is queued is still to be written. */
  end(): void {
    this.state = "ended";
    this.#chains.clear();
  }
}
