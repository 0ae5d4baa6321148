/**
 * Which events of a legal recording have an order that means something; of any two others either may be recorded first.
 *
 * An order means something where
 * - something starts or ends: a rollout, thread or turn before and after what happens in it. A turn that completed ends only its
 *   requests, so that the end of one may be recorded among what its calls and cells tell; spans, breadcrumbs and what is told of a call
 *   beside its lifecycle are ended by nothing but themselves;
 * - one recorder tells of one thing: the lifecycle of a call, of a cell with its waits, of a span, the turns of a thread;
 * - a transcript is made: requests, responses, compactions and accepted items of one thread;
 * - an id is used again: only their order tells its uses apart;
 * - the model sees a result: what a nested call gave its script went out with what the `exec` or a wait of its cell returned next;
 * - a message arrives: in nothing that the recipient was shown before it was sent, or before the turn of which it is the result;
 * - a process is written to: in the order of the starts of commands and writes with its id, and of what one thread tells of it; what
 *   another thread tells of its exit counts before the end of the thread that it is of.
 *
 * So an `exec`, a wait or a write may start before what it belongs to is known, and a call before the response that asked for it;
 * what agents do to each other, which command a write went to, which id an MCP server got, spans and whole threads may be told of at
 * any time after what they name has started.
 */
import { isJsonObject, type JsonValue, type RawEvent, type RawEventPayload } from "@rollout-trace/protocol";
import type { MemoryPayload } from "@rollout-trace/reducer/testing";

export interface Recorded {
  readonly events: readonly RawEvent[];
  readonly payloads: ReadonlyMap<string, MemoryPayload>;
}

/** `call`: the lifecycle of a call; `aside`: what else is told of it; `note`: what no object is made of. */
type Sort = "rollout" | "thread" | "turn" | "request" | "cell" | "wait" | "call" | "aside" | "span" | "note";

const SORTS: readonly (readonly [RegExp, Sort])[] = [
  [/^(rollout_|recording_)/, "rollout"],
  [/^thread_/, "thread"],
  [/^turn_/, "turn"],
  [/^(inference|history|compaction)_/, "request"],
  [/^code_cell_wait_/, "wait"],
  [/^code_cell_/, "cell"],
  [/^tool_call_/, "call"],
  [/^(mcp_call|stdin_target|agent)_/, "aside"],
  [/^span_/, "span"],
];

/** One use of the id of a call. */
interface Call {
  readonly kind: string;
  readonly thread: string | null;
  readonly isNested: boolean;
  /** With its thread. */
  readonly visibleId: string | null;
  /** Whether it asks for the end of a cell. */
  readonly terminates: boolean;
  /** Of a nested call the one that asked for it, of an `exec` the one that it started, of a wait the one that it asks for. */
  cell: string | null;
  process: string | null;
  /** The thread that it sends a message to. */
  recipient: string | null;
}

/** An event with what it is about. All ids are with their thread; several uses of one id are one. */
export interface Fact {
  readonly event: RawEvent;
  readonly type: RawEventPayload["type"];
  readonly sort: Sort;
  readonly thread: string | null;
  readonly turn: string | null;
  readonly object: string | null;
  readonly call: Call | null;
  readonly cell: string | null;
  /** The model-visible id that it starts something for. */
  readonly callId: string | null;
  /** That of the call that it tells of, or for which the runtime waited. */
  readonly useId: string | null;
  /** Of a wait and its call, which may be recorded in either order although their id is used again: which use of it they are. */
  readonly waitUse: string | null;
}

/** The latest wait call with an id. */
interface WaitUse {
  readonly count: number;
  /** Whether the runtime's wait for it may come before it: one for the call before it cannot be meant. */
  readonly isFree: boolean;
  /** Whether the runtime's wait for it has ended. */
  isOver: boolean;
}

export class Causality {
  readonly facts: readonly Fact[];
  readonly #payloads: ReadonlyMap<string, MemoryPayload>;
  readonly #calls: Map<string, Call> = new Map();
  readonly #waits: Map<string, { readonly cell: string; readonly useId: string }> = new Map();
  /** The latest `exec` call for each model-visible id. */
  readonly #execs: Map<string, Call> = new Map();
  readonly #ofTerminals: Call[] = [];
  readonly #waitUses: Map<string, WaitUse> = new Map();
  /** How often a model-visible id is asked for, and a cell with a runtime id started. */
  readonly #uses: Map<string, number> = new Map();
  /** The turns whose results each thread gets. */
  readonly #results: Set<string> = new Set();

  constructor({ events, payloads }: Recorded) {
    this.#payloads = payloads;
    this.facts = events.map((event) => this.#factOf(event));
  }

  /** Whether the order of two events means something. */
  areOrdered(one: Fact, other: Fact): boolean {
    if (one.sort === "rollout" || other.sort === "rollout") return true;
    return this.#orders(one, other) || this.#orders(other, one);
  }

  /** Whether something about `one` puts it before or after `other`. */
  #orders(one: Fact, other: Fact): boolean {
    if (startsPlaceOf(one, other) || this.#isSentTo(one, other) || isWrittenTo(one, other)) return true;
    if (one.type === "thread_ended" && this.#mayTellOfExit(other, one.thread)) return true;
    if (one.thread !== other.thread) return false;
    switch (one.sort) {
      case "thread":
        return !["span", "note", "aside"].includes(other.sort);
      case "turn":
        return other.sort === "turn" || other.sort === "request" || endsInside(one, other);
      case "request":
        return other.sort === "request" || this.#isReused(other.callId);
      case "span":
        return one.object === other.object || isNamedBy(one, other);
      case "aside":
        return one.object === other.object && (other.sort === "aside" || other.type === "tool_call_started");
      case "call":
        return this.#isCallOrdered(one, other);
      case "wait":
      case "cell":
        return this.#isCellOrdered(one, other);
      default:
        return false;
    }
  }

  #isCallOrdered(one: Fact, other: Fact): boolean {
    const { call } = one;
    if (call === null) return false;
    if (other.sort === "call" && one.object === other.object) return true;
    if (this.#isOfUse(one, other)) return one.waitUse === null || one.waitUse !== other.waitUse;
    if (one.callId !== null && one.callId === other.callId) return this.#isReused(one.callId);
    if (call.cell !== null && call.cell === other.cell) {
      if (isSentOrdered(one, other) || (call.isNested && bindsCalls(other))) return true;
      if (call.kind === "code_cell_wait" && this.#isWaitOrdered(one, other)) return true;
    }
    if (call.process === null || call.process !== other.call?.process || other.sort !== "call") return false;
    return !isEarlyWrite(one, other) && !isEarlyWrite(other, one);
  }

  /**
   * The waits of a cell keep their order. One that starts may be recorded before its cell does, if that is the only one with its
   * runtime id and the call is not over by then.
   */
  #isWaitOrdered(one: Fact, other: Fact): boolean {
    if (other.type === "code_cell_started") return isEnd(one) || this.#isReused(one.cell);
    if (!isStart(one)) return false;
    if (other.type === "code_cell_ended") return one.call?.terminates === true;
    return (
      other.type === "code_cell_wait_started" || (isStart(other) && other.call?.kind === "code_cell_wait")
    );
  }

  /** The same for what the runtime tells of them; else what it tells of a cell is in order. */
  #isCellOrdered(one: Fact, other: Fact): boolean {
    if (one.object === other.object) return true;
    if (this.#isOfUse(one, other)) return one.waitUse === null || one.waitUse !== other.waitUse;
    if (one.callId !== null && one.callId === other.callId) return this.#isReused(one.callId);
    if (one.cell !== other.cell || (other.sort !== "cell" && other.sort !== "wait")) return false;
    const early = [one, other].filter(({ type }) => type === "code_cell_wait_started").length;
    if (early === 1)
      return [one, other].some(({ type }) => type === "code_cell_started") && this.#isReused(one.cell);
    return true;
  }

  /** Whether a message is sent before its recipient is shown it, or the turn starts whose result it gets. */
  #isSentTo({ type, call, turn }: Fact, { sort, thread }: Fact): boolean {
    if (sort !== "request") return false;
    if (type === "tool_call_started") return call !== null && call.recipient === thread;
    return type === "turn_started" && this.#results.has(`${thread} ${turn}`);
  }

  /** Whether a call tells of a process that a thread may have a session with. */
  #mayTellOfExit({ sort, call }: Fact, thread: string | null): boolean {
    if (sort !== "call" || call === null || call.process === null) return false;
    return this.#ofTerminals.some((each) => each.thread === thread && each.process === call.process);
  }

  /** Whether both tell of calls with one id that is used again, or of waits for them. */
  #isOfUse({ useId }: Fact, other: Fact): boolean {
    return useId !== null && useId === other.useId && this.#isReused(useId);
  }

  #waitUseOf({ type }: RawEventPayload, call: Call | null, useId: string | null): string | null {
    const known = useId === null ? undefined : this.#waitUses.get(useId);
    if (type === "code_cell_wait_ended" && known !== undefined) known.isOver = true;
    const isCall = type === "tool_call_started" && call?.kind === "code_cell_wait";
    if (useId === null || !(isCall || type === "code_cell_wait_started")) return null;
    const isNext = isCall || known === undefined || known.isOver;
    const use = isNext
      ? { count: (known?.count ?? 0) + 1, isFree: known === undefined || known.isOver, isOver: false }
      : known;
    if (isCall) this.#waitUses.set(useId, use);
    return use.isFree ? `${useId} ${use.count}` : null;
  }

  #isReused(id: string | null): boolean {
    return id !== null && (this.#uses.get(id) ?? 0) > 1;
  }

  #factOf(event: RawEvent): Fact {
    const { payload } = event;
    const { type } = payload;
    const sort = SORTS.find(([pattern]) => pattern.test(type))?.[1] ?? "note";
    const thread = sort === "thread" && "thread_id" in payload ? payload.thread_id : event.thread_id;
    const call = "tool_call_id" in payload ? this.#callOf(event, payload.tool_call_id) : null;
    const callId =
      "model_visible_call_id" in payload && type.endsWith("_started") ? payload.model_visible_call_id : null;
    this.#learn(event);
    const useId =
      "wait_id" in payload
        ? (this.#waits.get(`${thread} ${payload.wait_id}`)?.useId ?? null)
        : (call?.visibleId ?? null);
    return {
      event,
      type,
      sort,
      thread,
      turn: event.turn_id === null ? null : `${thread} ${event.turn_id}`,
      object: objectOf(event),
      call,
      get cell() {
        return call?.cell ?? null;
      },
      callId: callId === null || callId === undefined ? null : `${thread} ${callId}`,
      useId,
      waitUse: this.#waitUseOf(payload, call, useId),
      ...this.#cellOf(event),
    };
  }

  #callOf({ thread_id: thread, payload }: RawEvent, id: string): Call {
    const key = `${thread} ${id}`;
    const known = this.#calls.get(key);
    const call =
      known === undefined || payload.type === "tool_call_started" ? this.#newCall(thread, payload) : known;
    this.#calls.set(key, call);
    for (const value of this.#valuesOf(payload))
      call.process ??= textUnder(value, "process_id") ?? textUnder(value, "session_id");
    if ("target_thread_id" in payload) call.recipient ??= payload.target_thread_id ?? null;
    return call;
  }

  #newCall(thread: string | null, payload: RawEventPayload): Call {
    const kind = payload.type === "tool_call_started" ? payload.kind.type : "";
    const requester = payload.type === "tool_call_started" ? payload.requester : null;
    const visible = payload.type === "tool_call_started" ? payload.model_visible_call_id : null;
    const values = this.#valuesOf(payload);
    const asked = kind === "code_cell_wait" ? values.map((value) => textUnder(value, "cell_id"))[0] : null;
    const cell = requester?.type === "code_cell" ? requester.runtime_cell_id : (asked ?? null);
    const call: Call = {
      kind,
      thread,
      isNested: requester?.type === "code_cell",
      visibleId: visible === null || visible === undefined ? null : `${thread} ${visible}`,
      terminates: JSON.stringify(values).includes("terminate"),
      cell: cell === null ? null : `${thread} ${cell}`,
      process: null,
      recipient: null,
    };
    if (kind === "exec_command" || kind === "write_stdin") this.#ofTerminals.push(call);
    if (kind === "code_cell_exec") this.#execs.set(`${thread} ${visible}`, call);
    return call;
  }

  #cellOf({ thread_id: thread, payload }: RawEvent): { cell?: string | null } {
    if ("runtime_cell_id" in payload) return { cell: `${thread} ${payload.runtime_cell_id}` };
    return "wait_id" in payload
      ? { cell: this.#waits.get(`${thread} ${payload.wait_id}`)?.cell ?? null }
      : {};
  }

  #learn({ thread_id: thread, payload }: RawEvent): void {
    const use = (id: string) => this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
    if (payload.type === "code_cell_started") {
      const cell = `${thread} ${payload.runtime_cell_id}`;
      use(cell);
      const exec = this.#execs.get(`${thread} ${payload.model_visible_call_id}`);
      if (exec !== undefined) exec.cell = cell;
    } else if (payload.type === "code_cell_wait_started") {
      this.#waits.set(`${thread} ${payload.wait_id}`, {
        cell: `${thread} ${payload.runtime_cell_id}`,
        useId: `${thread} ${payload.model_visible_call_id}`,
      });
    } else if (payload.type === "inference_completed") {
      for (const id of new Set(this.#valuesOf(payload).flatMap((value) => textsUnder(value, /^(call_)?id$/))))
        use(`${thread} ${id}`);
    } else if (payload.type === "agent_result_observed") {
      this.#results.add(`${payload.parent_thread_id} ${payload.child_thread_id} ${payload.child_turn_id}`);
    }
  }

  /** What the payloads say that an event names. */
  #valuesOf(payload: RawEventPayload): readonly JsonValue[] {
    return Object.values(payload as object).flatMap((field: unknown) => {
      const isRef = typeof field === "object" && field !== null && "payload_id" in field;
      const stored = isRef ? this.#payloads.get(String(field.payload_id)) : undefined;
      return stored === undefined ? [] : [stored.value];
    });
  }
}

function objectOf({ thread_id: thread, payload }: RawEvent): string | null {
  if ("wait_id" in payload) return `wait ${thread} ${payload.wait_id}`;
  if ("runtime_cell_id" in payload) return `cell ${thread} ${payload.runtime_cell_id}`;
  if ("tool_call_id" in payload) return `call ${thread} ${payload.tool_call_id}`;
  if ("span_id" in payload) return `span ${payload.otel_trace_id} ${payload.span_id}`;
  // A turn has one result for a thread: what is first told of.
  return payload.type === "agent_result_observed"
    ? `result ${payload.child_thread_id} ${payload.child_turn_id}`
    : null;
}

function isStart({ type }: Fact): boolean {
  return type === "tool_call_started";
}

function isEnd({ type }: Fact): boolean {
  return type === "tool_call_ended";
}

function startsPlaceOf({ event: { payload }, turn }: Fact, other: Fact): boolean {
  const { event } = other;
  if (payload.type === "thread_started") {
    const { thread_id: started } = payload;
    const named = threadsNamedBy(event.payload);
    return other.thread === started || named.includes(started);
  }
  return payload.type === "turn_started" && other.turn === turn;
}

/** The threads that have to be there, besides its own. */
function threadsNamedBy(payload: RawEventPayload): readonly (string | null | undefined)[] {
  if (payload.type === "agent_result_observed") return [payload.parent_thread_id, payload.child_thread_id];
  if (payload.type === "thread_started" && payload.origin.type === "spawned")
    return [payload.origin.parent_thread_id];
  return [];
}

/** Whether the end of a turn ends what runs in it. */
function endsInside({ event: { payload }, turn }: Fact, other: Fact): boolean {
  if (payload.type !== "turn_ended" || payload.status === "completed") return false;
  return other.turn === turn && ["call", "cell", "wait"].includes(other.sort);
}

/** What tells of a cell that its calls do not pass: it ends them. */
function bindsCalls({ type }: Fact): boolean {
  return type === "code_cell_started" || type === "code_cell_ended";
}

/** What a nested call gave went out with what the `exec` or a wait of its cell returned next. */
function isSentOrdered(one: Fact, other: Fact): boolean {
  if (one.call === null || other.call === null || !isEnd(one) || !isEnd(other)) return false;
  return !one.call.isNested || !other.call.isNested;
}

/** Nobody writes to a process before it is started, whosever thread it is of. */
function isWrittenTo(one: Fact, other: Fact): boolean {
  if (!isStart(one) || !isStart(other) || one.call === null || other.call === null) return false;
  if (one.call.process === null || one.call.process !== other.call.process) return false;
  return one.call.kind === "exec_command" && other.call.kind === "write_stdin";
}

/** A write may start before anything is told of its process but the starts of commands and of writes. */
function isEarlyWrite(one: Fact, other: Fact): boolean {
  return isStart(one) && one.call?.kind === "write_stdin" && !isStart(other);
}

/** A span that names a call whose id is used again is of the one that had started by then. */
function isNamedBy({ event: { payload } }: Fact, { type, event, object }: Fact): boolean {
  if (type !== "tool_call_started" || payload.type !== "span_started") return false;
  const named = payload.attributes["rollout_trace.tool_call_id"];
  return typeof named === "string" && object === `call ${event.thread_id} ${named}`;
}

/** The first text under a key, also in the text of arguments. */
function textUnder(value: JsonValue, key: string): string | null {
  return textsUnder(value, new RegExp(`^${key}$`))[0] ?? null;
}

function textsUnder(value: JsonValue, key: RegExp): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((part: JsonValue) => textsUnder(part, key));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([each, part]) => {
    if (typeof part !== "string") return textsUnder(part, key);
    if (key.test(each)) return [part];
    return each === "arguments" ? textsUnder(JSON.parse(part) as JsonValue, key) : [];
  });
}
