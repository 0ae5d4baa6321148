/**
 * Spans into raw events.
 *
 * Agents become threads, and each of their spans a turn; requests, tool calls, cells and waits become what they are; all other
 * spans stay spans, under the tool call that they ran in. Where an export of a recording says more (`rollout_trace.*`), that is
 * what counts, down to the order of events.
 */
import {
  asId,
  type ExecutionStatus,
  type RawEventPayload,
  ROLLOUT_TRACE,
  type RolloutStatus,
  type ThreadId,
  type TraceId,
  type TurnId,
} from "@rollout-trace/protocol";
import { type Around, CallEvents } from "./call-events.ts";
import { type Agent, Roster } from "./roster.ts";
import type { TraceSession } from "./sessions.ts";
import { type SpanNode, spanForest } from "./span-tree.ts";
import { outside, type Say, statusOf, threadStarted } from "./say.ts";
import { toldEvents } from "./told-events.ts";

interface Turn {
  readonly turnId: string;
  readonly agent: Agent;
  readonly startUs: number;
  readonly endUs: number | null;
  readonly status: ExecutionStatus;
  readonly seq: number | null;
  readonly endSeq: number | null;
}

const PARTS = ["threadStarts", "turnStarts", "inside", "turnEnds", "threadEnds"] as const;

const OUTSIDE: Around = { agent: null, turnId: null, toolCallId: null, cellId: null };

export class SpanTranslation {
  readonly #session: TraceSession;
  readonly #forest: readonly SpanNode[];
  readonly #roster: Roster;
  /** Starts and ends of threads and turns stand around what happens in them at the same time. */
  readonly #says: { readonly [Part in (typeof PARTS)[number]]: Say[] } = {
    threadStarts: [],
    turnStarts: [],
    inside: [],
    turnEnds: [],
    threadEnds: [],
  };
  readonly #turns: Turn[] = [];
  /** Turns of what stands outside of any agent's span, by trace. */
  readonly #loose: Map<string, { startUs: number; endUs: number | null; isFailed: boolean }> = new Map();
  readonly #events: CallEvents;
  /** The span of a rollout that was exported, which tells what no other span does. */
  readonly #told: SpanNode | null;

  constructor(session: TraceSession) {
    this.#session = session;
    this.#forest = spanForest(session.spans);
    this.#roster = new Roster(session.rolloutId);
    this.#told =
      this.#forest.find(({ span }) => span.attributes.text(ROLLOUT_TRACE.recordingId) !== null) ?? null;
    this.#events = new CallEvents((say) => void this.#says.inside.push(say), this.#told !== null);
  }

  /** All events, in order. */
  say(): readonly Say[] {
    const told = this.#told === null ? null : toldEvents(this.#told, this.#roster);
    for (const node of this.#forest) this.#walk(node, OUTSIDE);
    this.#looseTurns();
    for (const turn of this.#turns) this.#sayTurn(turn);
    if (told === null) this.#threads();
    const says = [...(told?.says ?? []), ...PARTS.flatMap((part) => this.#says[part])];
    const first = this.#rolloutStarted();
    return [first, ...inOrder(says), ...(told?.ends ?? this.#rolloutEnded())];
  }

  #walk(node: SpanNode, around: Around): void {
    const { span, role } = node;
    switch (role) {
      case "agent":
      case "step":
        return this.#agent(node, around);
      case "workflow":
        return this.#inside(node, around);
      case "model":
        return this.#request(node, this.#placed(node, around));
      case "tool": {
        const place = this.#placed(node, around);
        const toolCallId = this.#events.toolCall(node, place);
        return this.#inside(node, { ...place, toolCallId });
      }
      case "cell": {
        const place = this.#placed(node, around);
        this.#events.cell(node, place);
        return this.#inside(node, { ...place, cellId: span.attributes.text(ROLLOUT_TRACE.runtimeCellId) });
      }
      case "wait":
        this.#events.wait(node, this.#placed(node, around));
        return this.#inside(node, around);
      case "other":
        this.#events.hostSpan(node, around);
        return this.#inside(node, around);
    }
  }

  #inside({ children }: SpanNode, around: Around): void {
    for (const child of children) this.#walk(child, around);
  }

  #request(node: SpanNode, place: Around): void {
    this.#events.request(node, place);
    this.#inside(node, place);
  }

  /** An agent's turn; an agent inside its own turn goes on with it. */
  #agent(node: SpanNode, around: Around): void {
    const isInTool = around.toolCallId !== null;
    const agent =
      node.role === "step" && !isInTool
        ? (around.agent ?? this.#roster.root)
        : this.#roster.agentOf(node.span, { agent: around.agent, isInTool });
    const { attributes, status, spanId } = node.span;
    const said = attributes.text(ROLLOUT_TRACE.turnId);
    if (agent === around.agent && around.turnId !== null && said === null) return this.#inside(node, around);
    const turnId = said ?? spanId;
    this.#turns.push({
      turnId,
      agent,
      startUs: node.startUs,
      endUs: node.endUs,
      status: statusOf(attributes.text(ROLLOUT_TRACE.status), status.code),
      seq: attributes.count(ROLLOUT_TRACE.seq),
      endSeq: attributes.count(ROLLOUT_TRACE.endSeq),
    });
    if (this.#told === null && isInTool && agent.parentThreadId !== null) {
      this.#events.spawned(node, around, agent.threadId);
    }
    if (this.#told !== null) this.#events.results(node, agent.threadId, turnId);
    this.#inside(node, { agent, turnId, toolCallId: null, cellId: null });
  }

  /** The agent and turn of what needs both. */
  #placed(node: SpanNode, around: Around): Around {
    const { attributes, traceId, status } = node.span;
    const said = attributes.text(ROLLOUT_TRACE.turnId);
    const agent =
      this.#roster.get(attributes.text(ROLLOUT_TRACE.threadId) ?? "") ?? around.agent ?? this.#roster.root;
    if (said !== null || around.turnId !== null) {
      return { ...around, agent, turnId: said ?? around.turnId };
    }
    const turnId = `turn:${traceId ?? this.#session.rolloutId}`;
    const known = this.#loose.get(turnId) ?? { startUs: node.startUs, endUs: node.endUs, isFailed: false };
    this.#loose.set(turnId, {
      startUs: Math.min(known.startUs, node.startUs),
      endUs: known.endUs === null || node.endUs === null ? null : Math.max(known.endUs, node.endUs),
      isFailed: status.code === "error",
    });
    return { ...around, agent, turnId };
  }

  #looseTurns(): void {
    for (const [turnId, { startUs, endUs, isFailed }] of this.#loose) {
      const status = isFailed ? "failed" : "completed";
      this.#turns.push({ turnId, agent: this.#roster.root, startUs, endUs, status, seq: null, endSeq: null });
    }
  }

  #sayTurn({ turnId, agent, startUs, endUs, status, seq, endSeq }: Turn): void {
    const turn_id = asId<TurnId>(turnId);
    const thread_id = asId<ThreadId>(agent.threadId);
    const place = { threadId: agent.threadId, turnId };
    this.#says.turnStarts.push({
      timeUs: startUs,
      seq,
      ...place,
      make: () => ({ type: "turn_started", turn_id, thread_id }),
    });
    if (endUs === null || (this.#told !== null && endSeq === null)) return;
    this.#says.turnEnds.push({
      timeUs: endUs,
      seq: endSeq,
      ...place,
      make: () => ({ type: "turn_ended", turn_id, status }),
    });
  }

  /** Threads begin with their first turn and end with their last. */
  #threads(): void {
    const turns = Map.groupBy(this.#turns, ({ agent }) => agent.threadId);
    const { root } = this.#roster;
    for (const agent of this.#roster.all) {
      const own = turns.get(agent.threadId) ?? [];
      const startUs = own.reduce((least, turn) => Math.min(least, turn.startUs), Number.MAX_SAFE_INTEGER);
      const timeUs = agent === root || own.length === 0 ? this.#session.startedTimeUs : startUs;
      this.#says.threadStarts.push({
        timeUs,
        seq: null,
        threadId: agent.threadId,
        turnId: null,
        make: () => threadStarted(agent),
      });
      const last = own.at(-1);
      if (agent === root || last === undefined || own.some(({ endUs }) => endUs === null)) continue;
      const endUs = own.reduce((most, turn) => Math.max(most, turn.endUs ?? 0), 0);
      const thread_id = asId<ThreadId>(agent.threadId);
      const make = (): RawEventPayload => ({ type: "thread_ended", thread_id, status: last.status });
      this.#says.threadEnds.push({ timeUs: endUs, seq: null, threadId: agent.threadId, turnId: null, make });
    }
  }

  #rolloutStarted(): Say {
    const { rolloutId, startedTimeUs, spans } = this.#session;
    const resource = spans[0]?.resource;
    const told = this.#told?.span.attributes;
    const name = told === undefined ? resource?.text("service.name") : told.text(ROLLOUT_TRACE.hostName);
    const version =
      told === undefined ? resource?.text("service.version") : told.text(ROLLOUT_TRACE.hostVersion);
    const { root } = this.#roster;
    return outside(startedTimeUs, () => ({
      type: "rollout_started",
      trace_id: asId<TraceId>(told?.text(ROLLOUT_TRACE.recordingId) ?? `otlp:${rolloutId}`),
      root_thread_id: asId<ThreadId>(told?.text(ROLLOUT_TRACE.rootThreadId) ?? root.threadId),
      host: typeof name === "string" ? { name, version: version ?? "" } : null,
    }));
  }

  /** A session is over when all of its turns are. */
  #rolloutEnded(): readonly Say[] {
    if (this.#turns.some(({ endUs }) => endUs === null)) return [];
    const { root } = this.#roster;
    const timeUs = this.#turns.reduce(
      (most, { endUs }) => Math.max(most, endUs ?? 0),
      this.#session.startedTimeUs,
    );
    const last = this.#turns
      .filter(({ agent }) => agent === root)
      .toSorted((left, right) => left.startUs - right.startUs)
      .at(-1);
    const status: RolloutStatus = last?.status === "failed" ? "failed" : "completed";
    const thread_id = asId<ThreadId>(root.threadId);
    return [
      { ...outside(timeUs, () => ({ type: "thread_ended", thread_id, status })), threadId: root.threadId },
      outside(timeUs, () => ({ type: "rollout_ended", status })),
    ];
  }
}

/** As an export says where it says it of all; otherwise by time, and at one time as they were said. */
function inOrder(says: readonly Say[]): readonly Say[] {
  const isTold = says.every(({ seq }) => seq !== null);
  return says.toSorted((left, right) =>
    isTold ? (left.seq ?? 0) - (right.seq ?? 0) : left.timeUs - right.timeUs,
  );
}
