/**
 * One reduction under way: the state, the event being applied, and the few things that every handler does with them.
 *
 * Handlers get their thread and turn from here, so that an object can never refer to one that the graph does not have.
 */
import {
  asId,
  PAYLOAD_KINDS,
  type PayloadKind,
  type PayloadReader,
  type PayloadRef,
  type RawEvent,
  type RawEventEnvelope,
  type ThreadId,
} from "@rollout-trace/protocol";
import { emptyConversation } from "./conversation/live-context.ts";
import { addTo, addUsage, NO_USAGE, type UsageSum } from "./conversation/token-usage.ts";
import { type DiagnosticCode, quoted, severityOf, shortMessage } from "./diagnostics.ts";
import { ReduceError } from "./errors.ts";
import type { Anchor, Evidence, Provenance, TokenUsage } from "./graph/base.ts";
import { appended, type Evidenced, type Made, type Moment, NONE, SHORT, startedAt } from "./graph/draft.ts";
import type { GraphThreadOrigin } from "./graph/thread.ts";
import { withMember } from "./state/members.ts";
import { enqueue } from "./state/queues.ts";
import { emptyState, type ReducerState } from "./state/reducer-state.ts";
import { TextMap } from "./state/text-map.ts";
import { emptyInside, type ThreadState, type TurnState } from "./state/thread-state.ts";

/** What a lifecycle event may come too early for. */
export type AwaitedKind =
  | "turn"
  | "inference_call"
  | "tool_call"
  | "code_cell"
  | "wait"
  | "compaction_request"
  | "span";

export interface ReductionOptions {
  readonly payloads: PayloadReader;
  readonly provenance: Provenance;
  /** Whether a diagnostic of severity `error` is thrown. */
  readonly strict: boolean;
}

/** Gives an event to its handler. */
export type Dispatch = (reduction: Reduction, event: RawEvent) => void;

/** Every parsed text is a text of its own; what says the same thousands of times is kept once. */
const KINDS: ReadonlyMap<PayloadKind, PayloadKind> = new Map(PAYLOAD_KINDS.map((kind) => [kind, kind]));

/** A payload is named by one event, or by a few in a row: whoever names it often keeps naming it. */
const RECENT_PAYLOADS = 1024;

export class Reduction {
  readonly state: ReducerState;
  readonly payloads: PayloadReader;
  readonly provenance: Provenance;
  readonly strict: boolean;
  /** The payloads that it names. */
  #named: readonly string[] = NONE;
  /** What it makes has this evidence; made when first asked for. */
  #evidence: Evidence | null = null;
  readonly #dispatch: Dispatch;

  constructor(options: ReductionOptions, dispatch: Dispatch, state: ReducerState = emptyState()) {
    this.state = state;
    this.payloads = options.payloads;
    this.provenance = options.provenance;
    this.strict = options.strict;
    this.#dispatch = dispatch;
  }

  /** When the event being applied happened. */
  get moment(): Moment {
    return this.state.moment;
  }

  /** The one object that is the moment is changed: there are as many moments as events. */
  moveTo({ time_unix_us, seq }: Pick<RawEventEnvelope, "time_unix_us" | "seq">): void {
    const { moment } = this.state;
    moment.at_us = time_unix_us;
    moment.seq = seq;
  }

  apply(event: RawEvent): void {
    if (this.moment.seq !== event.seq) this.moveTo(event);
    this.#named = NONE;
    this.#evidence = null;
    this.#dispatch(this, event.thread_id === null && event.turn_id !== null ? this.#inThread(event) : event);
  }

  /** An event that names a turn is of the turn's thread, where only one turn has that id. */
  #inThread(event: RawEvent): RawEvent {
    if ("thread_id" in event.payload) return event;
    const turnId = event.turn_id ?? "";
    const turn = this.state.turns.sole(turnId);
    if (turn !== undefined) return { ...event, thread_id: asId<ThreadId>(turn.draft.thread_id) };
    const what = this.state.turns.find(turnId, null) === undefined ? "never started" : "is one of several";
    this.diagnose("unknown_reference", `turn ${JSON.stringify(turnId)} ${what}`, null);
    return event;
  }

  /** Applies an event that had to wait, as of when it happened. */
  replay(event: RawEvent): void {
    const { at_us: time_unix_us, seq } = this.moment;
    const named = this.#named;
    this.apply(event);
    this.moveTo({ time_unix_us, seq });
    this.#named = named;
    this.#evidence = null;
  }

  /** Records a diagnostic about the event being applied, or throws it. */
  diagnose(code: DiagnosticCode, message: string, object: Anchor | null): void {
    const severity = severityOf(code);
    const seq = this.moment.seq === 0 ? null : this.moment.seq;
    const short = shortMessage(message);
    if (this.strict && severity === "error") throw new ReduceError(code, short, { seq, object });
    this.state.diagnostics.push({ code, severity, seq, message: short, object });
  }

  /** The evidence of something that the event being applied makes: the event, with the payloads it names. */
  evidence(): Evidence {
    // Most of what an event makes can share one. No event that makes anything names more than a few.
    if (this.#named.length > 1) return { seqs: [this.moment.seq], payload_ids: [...new Set(this.#named)] };
    return (this.#evidence ??= { seqs: [this.moment.seq], payload_ids: this.#named });
  }

  /** Adds the event being applied, with the payloads it names, to the evidence of something that it changes. */
  touch(draft: Evidenced): void {
    if (draft.evidence === this.#evidence) return;
    this.addEvidence(draft, this.moment.seq, this.#named);
  }

  /** Adds to the evidence of an object what made another that it is linked to, so that a link has the evidence of both ends. */
  addOrigin(to: Evidenced, { madeSeq, madePayloads }: Made): void {
    this.addEvidence(to, madeSeq, madePayloads);
  }

  addEvidence(draft: Evidenced, seq: number, payloadIds: readonly string[] = NONE): void {
    const { evidence } = draft;
    const seqs = withSeq(evidence.seqs, seq);
    let { payload_ids } = evidence;
    for (let index = 0; index < payloadIds.length; index += 1) {
      payload_ids = withPayload(payload_ids, payloadIds[index] as string);
    }
    if (seqs !== evidence.seqs || payload_ids !== evidence.payload_ids)
      draft.evidence = { seqs, payload_ids };
    if (seqs.length >= SHORT || payload_ids.length >= SHORT) this.state.unsorted.add(draft);
  }

  /** Takes note of a payload that the event being applied names, and gives its id. To be done before anything is touched. */
  payload(ref: PayloadRef): string;
  payload(ref: PayloadRef | null | undefined): string | null;
  payload(ref: PayloadRef | null | undefined): string | null {
    if (ref === null || ref === undefined) return null;
    const id: string = ref.payload_id;
    this.#named = appended(this.#named, id);
    this.#evidence = null;
    const { payloads } = this.state;
    const { ids, of, missing } = payloads;
    if (payloads.recent.has(id)) return id;
    if (payloads.recent.size >= RECENT_PAYLOADS) payloads.recent = new TextMap();
    payloads.recent.set(id, true);
    const stat = this.payloads.stat(ref.payload_id);
    ids.push(id);
    of.push({ kind: KINDS.get(ref.kind) ?? ref.kind, size_bytes: stat?.size_bytes ?? null });
    if (stat === null && !missing.has(id)) {
      missing.add(id);
      this.diagnose("missing_payload", `payload ${JSON.stringify(id)} (${ref.kind}) is not in the store`, {
        type: "payload",
        id,
      });
    }
    return id;
  }

  /** The thread that an event names. One that no event started is made up, with a diagnostic, so that nothing dangles. */
  thread(threadId: string): ThreadState {
    const known = this.state.threads.get(threadId);
    if (known !== undefined) return known;
    const thread = this.addThread(threadId, { agentPath: "", origin: { type: "unknown" } });
    this.diagnose("unknown_reference", `thread ${JSON.stringify(threadId)} was never started`, {
      type: "thread",
      id: threadId,
    });
    return thread;
  }

  addThread(
    threadId: string,
    { agentPath, origin }: { agentPath: string; origin: GraphThreadOrigin },
  ): ThreadState {
    const thread: ThreadState = {
      draft: {
        thread_id: threadId,
        recorded_id: threadId,
        agent_path: agentPath,
        nickname: null,
        model: null,
        origin,
        execution: startedAt(this.moment),
        turn_ids: NONE,
        conversation_item_ids: NONE,
        evidence: this.evidence(),
        provenance: this.provenance,
      },
      started: origin.type !== "unknown",
      conversation: emptyConversation(),
      asks: null,
      slots: new TextMap(),
      reusedSlots: new Map(),
      cells: new Map(),
      orphans: new Map(),
      waits: new Map(),
      waitsByCall: new Map(),
      waitCallsByCall: new Map(),
      openTurns: null,
      inside: emptyInside(),
      expectedMessages: new Map(),
      possibleMessages: new Map(),
      unsortedMessages: [],
    };
    this.state.threads.set(threadId, thread);
    return thread;
  }

  /** The turn that an event names; like `thread`. */
  turn(turnId: string, thread: ThreadState): TurnState {
    const { thread_id: threadId } = thread.draft;
    const known = this.state.turns.find(turnId, threadId);
    if (known !== undefined) return known;
    const elsewhere = this.state.turns.find(turnId, null);
    if (elsewhere === undefined) {
      const turn = this.addTurn(turnId, thread);
      const anchor = { type: "turn", id: turn.draft.turn_id } as const;
      this.diagnose("unknown_reference", `turn ${JSON.stringify(turnId)} was never started`, anchor);
      return turn;
    }
    this.diagnose(
      "turn_thread_mismatch",
      `turn ${quoted(turnId)} belongs to thread ${quoted(elsewhere.draft.thread_id)}, the event says ${quoted(threadId)}`,
      { type: "turn", id: elsewhere.draft.turn_id },
    );
    return elsewhere;
  }

  addTurn(turnId: string, thread: ThreadState): TurnState {
    const { turns } = this.state;
    const id = turns.mint(turnId);
    const turn: TurnState = {
      draft: {
        turn_id: id,
        recorded_id: turnId,
        thread_id: thread.draft.thread_id,
        execution: startedAt(this.moment),
        inference_call_ids: NONE,
        usage: null,
        evidence: this.evidence(),
        provenance: this.provenance,
      },
      inside: emptyInside(),
      toolCallCount: 0,
      lastAnswer: null,
      recordedId: turnId,
      scope: thread.draft.thread_id,
      isOver: false,
    };
    turns.add(turn, id);
    thread.draft.turn_ids = appended(thread.draft.turn_ids, id);
    thread.openTurns = withMember(thread.openTurns, turn);
    return turn;
  }

  /** The thread and turn of an event's envelope. */
  place(event: RawEvent): { thread: ThreadState | null; turn: TurnState | null } {
    const thread = event.thread_id === null ? null : this.thread(event.thread_id);
    if (event.turn_id === null) return { thread, turn: null };
    if (thread !== null) return { thread, turn: this.turn(event.turn_id, thread) };
    return { thread, turn: null };
  }

  /** Keeps an event until what it names starts. `scope` is what the id is unique in: its thread, if nothing else is said. */
  awaitStart(kind: AwaitedKind, id: string, event: RawEvent, scope: string | null = event.thread_id): void {
    enqueue(this.state.waiting, waitingKey(kind, id, scope), event);
  }

  /** The events that were kept for something that has now started, in order. */
  takeWaiting(kind: AwaitedKind, id: string, scope: string | null): readonly RawEvent[] {
    if (this.state.waiting.size === 0) return [];
    const keys = [...new Set([scope, null])].map((each) => waitingKey(kind, id, each));
    const events = keys.flatMap((key) => this.state.waiting.get(key) ?? []);
    for (const key of keys) this.state.waiting.delete(key);
    return events.toSorted((left, right) => left.seq - right.seq);
  }

  /** Counts a response's tokens, once for each response. */
  countUsage(usage: TokenUsage | null, of: UsageOf): void {
    const { state } = this;
    if (usage === null) return;
    if (of.responseId !== null && isCounted(state.usage, of.responseId, usage)) return;
    const { draft } = of.turn;
    addTo(state.usage.total, usage);
    addTo(sumOf(state.usage.byModel, of.model), usage);
    addTo(sumOf(state.usage.byThread, of.threadId), usage);
    if (draft.usage === null) state.usage.turns.push(of.turn);
    draft.usage = draft.usage === null ? usage : addUsage(draft.usage, usage);
    this.touch(draft);
  }
}

/** Long lists are only added to, and put in order when their object is finished. */
function withSeq(seqs: readonly number[], seq: number): readonly number[] {
  const last = seqs.at(-1) ?? 0;
  if (last === seq) return seqs;
  if (last < seq || seqs.length >= SHORT) return appended(seqs, seq);
  if (seqs.length === 1) return [seq, last];
  const index = seqs.findIndex((each) => each >= seq);
  return seqs[index] === seq ? seqs : seqs.toSpliced(index, 0, seq);
}

/** Without repeats as long as it is short; whoever finishes a long one takes them out. */
export function withPayload(ids: readonly string[], id: string): readonly string[] {
  if (ids.length >= SHORT ? ids.at(-1) === id : ids.includes(id)) return ids;
  return appended(ids, id);
}

interface UsageOf {
  readonly responseId: string | null;
  readonly model: string;
  readonly threadId: string;
  readonly turn: TurnState;
}

function sumOf(sums: Map<string, UsageSum>, key: string): UsageSum {
  const known = sums.get(key);
  if (known !== undefined) return known;
  const sum = { ...NO_USAGE };
  sums.set(key, sum);
  return sum;
}

/**
 * Whether a response has been counted, and takes note of it. Short ids come again, of another response: what is told twice costs the
 * same, however much is told of that.
 */
function isCounted({ responses, others }: ReducerState["usage"], id: string, usage: TokenUsage): boolean {
  const first = responses.get(id);
  if (first === undefined) {
    responses.set(id, usage);
    return false;
  }
  const { input_tokens: input, output_tokens: output } = usage;
  if (first.input_tokens === input && first.output_tokens === output) return true;
  const counted = others.size;
  return others.add(`${input} ${output} ${id}`).size === counted;
}

function waitingKey(kind: AwaitedKind, id: string, scope: string | null): string {
  return JSON.stringify([kind, id, scope]);
}
