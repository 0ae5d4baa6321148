/**
 * The spans of one agent, told live to whatever SDK the host has registered: a span for each turn, and in it one for each
 * inference call, tool call, code cell and wait.
 *
 * A span is a child of what caused it. Where the cause is something else than the parent (a cell of an earlier turn, a message
 * of another agent), a link says so. Whoever calls asks `enabled` first, so that nothing is built for nobody.
 */
import { type Attributes, type Context, context, type Link, SpanKind } from "@opentelemetry/api";
import {
  GEN_AI,
  GEN_AI_OPERATION,
  MCP,
  ROLLOUT_TRACE,
  SPAN_NAME,
  type ToolKind,
} from "@rollout-trace/protocol";
import { ActiveSpan, scopeOf, type SpanStart } from "./active-span.ts";
import { activeTracer } from "./tracer.ts";

/** Who an agent is. */
export interface SpanIdentity {
  readonly rolloutId: string;
  readonly threadId: string;
  readonly agentName: string;
  /** False keeps everything from the SDK. */
  readonly on: boolean;
}

/** Where something happens. */
interface Place {
  readonly turn: ActiveSpan | null;
  readonly turnId: string | null;
  /** Of the event that it begins with, where that is known already. */
  readonly seq: number | null;
}

export interface InferenceStart extends Place {
  readonly id: string;
  /** Read once: what the host gave may throw. */
  readonly asked: { readonly model: string; readonly provider: string };
  readonly compactionId?: string | undefined;
}

export interface ToolCallStart extends Place {
  readonly id: string;
  readonly kind: ToolKind;
  readonly label: string;
  readonly modelVisibleCallId: string | null;
  /** The cell that asked for the call. */
  readonly cell: ActiveSpan | null;
}

export interface CellStart extends Place {
  readonly runtimeCellId: string;
  /** Of the exec call. */
  readonly modelVisibleCallId: string;
}

export interface WaitStart extends Place {
  readonly waitId: string;
  readonly modelVisibleCallId: string | null;
  readonly cell: ActiveSpan | null;
}

/** A message whose receiver has not gone on because of it yet. */
interface Cause {
  readonly from: ActiveSpan;
  readonly kind: string;
}

const LIMITS = Object.freeze({
  /** Messages that one span links to; a mailbox with more is a loop of the host's. */
  causes: 32,
  /** Calls that are open at once and whose cells and waits are looked for by call id. */
  openCalls: 1_024,
});

export class ThreadSpans {
  readonly #identity: SpanIdentity;
  /** All agents of the rollout by id. */
  readonly #agents: Map<string, ThreadSpans>;
  /** What the agent was started in: the tool call that spawned it. */
  readonly #spawnedIn: ActiveSpan | null;
  /** Filled by who sends, drained by the next turn or inference call. */
  #causes: Cause[] = [];
  /** Exec and wait calls that are open, by model-visible id. */
  readonly #openCalls: Map<string, ActiveSpan> = new Map();
  #latestTurn: ActiveSpan | null = null;

  constructor(identity: SpanIdentity, parent: ThreadSpans | null) {
    this.#identity = identity;
    this.#agents = parent === null ? new Map<string, ThreadSpans>() : parent.#agents;
    this.#agents.set(identity.threadId, this);
    this.#spawnedIn = parent !== null && this.enabled ? scopeOf(context.active()) : null;
  }

  /** Whether anybody listens. */
  get enabled(): boolean {
    return this.#identity.on && activeTracer() !== null;
  }

  /** Nobody can write to the agent any more. */
  ended(): void {
    if (this.#agents.get(this.#identity.threadId) === this) this.#agents.delete(this.#identity.threadId);
  }

  /** It goes on, and can be written to again. */
  resumed(): void {
    this.#agents.set(this.#identity.threadId, this);
  }

  startTurn({ turnId, seq }: Omit<Place, "turn">): ActiveSpan | null {
    const { agentName, threadId, rolloutId } = this.#identity;
    const span = this.#start(() => {
      const { parent, cause } = this.#turnParent();
      return {
        name: `${GEN_AI_OPERATION.agent} ${agentName}`,
        attributes: this.#attributes(turnId, seq, {
          [GEN_AI.operationName]: GEN_AI_OPERATION.agent,
          [GEN_AI.agentName]: agentName,
          [GEN_AI.agentId]: threadId,
          [GEN_AI.conversationId]: rolloutId,
        }),
        links: this.#takeCauses(cause),
        parent,
        thread: this,
        turn: null,
      };
    });
    this.#latestTurn = span ?? this.#latestTurn;
    return span;
  }

  startInference(start: InferenceStart): ActiveSpan | null {
    return this.#start(() => {
      const { turn, turnId, seq, id, compactionId } = start;
      const [model, provider] = [String(start.asked.model), String(start.asked.provider)];
      return {
        name: `${GEN_AI_OPERATION.chat} ${model}`,
        kind: SpanKind.CLIENT,
        attributes: this.#attributes(turnId, seq, {
          [GEN_AI.operationName]: GEN_AI_OPERATION.chat,
          [GEN_AI.providerName]: provider,
          [GEN_AI.requestModel]: model,
          [GEN_AI.conversationId]: this.#identity.rolloutId,
          ...(compactionId === undefined
            ? { [ROLLOUT_TRACE.inferenceCallId]: id }
            : { [ROLLOUT_TRACE.compactionId]: compactionId, [ROLLOUT_TRACE.compactionRequestId]: id }),
        }),
        links: this.#takeCauses(null),
        parent: parentIn(turn),
        thread: this,
        turn,
        inferenceCallId: compactionId === undefined ? id : undefined,
      };
    });
  }

  startToolCall(start: ToolCallStart): ActiveSpan | null {
    const { turn, turnId, seq, cell, id, kind, label, modelVisibleCallId } = start;
    const span = this.#start(() => {
      const name = toolName(kind, label);
      // A cell may go on in a later turn than its own: what it does then belongs to that one.
      const isInCell = cell !== null && (turn === null || cell.turn === turn);
      const attributes: Attributes = {
        [GEN_AI.operationName]: GEN_AI_OPERATION.tool,
        [GEN_AI.toolName]: name,
        [GEN_AI.toolType]: "function",
        [ROLLOUT_TRACE.toolCallId]: id,
      };
      if (modelVisibleCallId !== null) {
        attributes[GEN_AI.toolCallId] = modelVisibleCallId;
        attributes[ROLLOUT_TRACE.modelVisibleCallId] = modelVisibleCallId;
      }
      if (kind.type === "mcp") attributes[MCP.methodName] = MCP.toolsCall;
      return {
        name: `${GEN_AI_OPERATION.tool} ${name}`,
        kind: kind.type === "mcp" ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: this.#attributes(turnId, seq, attributes),
        links: cell === null || isInCell ? [] : [linkTo(cell, "code_cell")],
        parent: isInCell ? cell.context : cell === null || turn === null ? parentIn(turn) : turn.context,
        thread: this,
        turn,
        isToolCall: true,
      };
    });
    if (span !== null && modelVisibleCallId !== null && this.#openCalls.size < LIMITS.openCalls) {
      this.#openCalls.set(modelVisibleCallId, span);
    }
    return span;
  }

  /** The call is over: what names it from now on is about another one. */
  toolCallEnded(span: ActiveSpan, modelVisibleCallId: string | null): void {
    if (modelVisibleCallId === null || this.#openCalls.get(modelVisibleCallId) !== span) return;
    this.#openCalls.delete(modelVisibleCallId);
  }

  startCell({ turn, turnId, seq, runtimeCellId, modelVisibleCallId }: CellStart): ActiveSpan | null {
    return this.#start(() => ({
      name: SPAN_NAME.codeCell,
      attributes: this.#attributes(turnId, seq, {
        [ROLLOUT_TRACE.codeCellId]: `cell:${this.#identity.threadId}:${modelVisibleCallId}`,
        [ROLLOUT_TRACE.runtimeCellId]: runtimeCellId,
        [ROLLOUT_TRACE.modelVisibleCallId]: modelVisibleCallId,
      }),
      parent: this.#openCalls.get(modelVisibleCallId)?.context ?? parentIn(turn),
      thread: this,
      turn,
    }));
  }

  startWait({ turn, turnId, seq, waitId, modelVisibleCallId, cell }: WaitStart): ActiveSpan | null {
    const call = modelVisibleCallId === null ? undefined : this.#openCalls.get(modelVisibleCallId);
    return this.#start(() => ({
      name: SPAN_NAME.wait,
      attributes: this.#attributes(turnId, seq, {
        [ROLLOUT_TRACE.waitId]: waitId,
        ...(modelVisibleCallId === null ? {} : { [ROLLOUT_TRACE.modelVisibleCallId]: modelVisibleCallId }),
      }),
      links: cell === null ? [] : [linkTo(cell, "code_cell")],
      parent: call?.context ?? parentIn(turn),
      thread: this,
      turn,
    }));
  }

  /** A call ends a cell, which is under another call. */
  endsCell(modelVisibleCallId: string, cell: ActiveSpan): void {
    this.#openCalls.get(modelVisibleCallId)?.link(() => linkTo(cell, "code_cell"));
  }

  /** Something of this agent's reaches another one, which will go on because of it. */
  deliver(from: ActiveSpan, kind: string, targetThreadId: string): void {
    const target = this.#agents.get(targetThreadId);
    if (target !== undefined) target.#receive({ from, kind });
  }

  /** The same, sent by the agent's latest turn. */
  report(kind: string, targetThreadId: string): void {
    if (this.#latestTurn !== null) this.deliver(this.#latestTurn, kind, targetThreadId);
  }

  #receive(cause: Cause): void {
    // The call that an agent was started in is the parent of its turns already.
    if (cause.from === this.#spawnedIn || this.#causes.length >= LIMITS.causes) return;
    if (!this.#causes.some(({ from }) => from === cause.from)) this.#causes.push(cause);
  }

  #takeCauses(parent: ActiveSpan | null): readonly Link[] {
    const causes = this.#causes;
    if (causes.length > 0) this.#causes = [];
    return causes.filter(({ from }) => from !== parent).map(({ from, kind }) => linkTo(from, kind));
  }

  /** What a new turn is a child of, and the span of the recorder's among that. */
  #turnParent(): { readonly parent: Context; readonly cause: ActiveSpan | null } {
    const active = context.active();
    const scope = scopeOf(active);
    // A turn that begins inside another one of its own agent follows it.
    if (scope?.thread === this) return { parent: scope.turn.parent, cause: null };
    if (scope === null && this.#spawnedIn !== null) {
      return { parent: this.#spawnedIn.context, cause: this.#spawnedIn };
    }
    return { parent: active, cause: scope };
  }

  #start(make: () => SpanStart): ActiveSpan | null {
    const tracer = activeTracer();
    return tracer === null || !this.#identity.on ? null : ActiveSpan.start(tracer, make);
  }

  /** Adds to attributes what all spans have. One object for each span: there are many. */
  #attributes(turnId: string | null, seq: number | null, attributes: Attributes): Attributes {
    attributes[ROLLOUT_TRACE.rolloutId] = this.#identity.rolloutId;
    attributes[ROLLOUT_TRACE.threadId] = this.#identity.threadId;
    if (turnId !== null) attributes[ROLLOUT_TRACE.turnId] = turnId;
    if (seq !== null) attributes[ROLLOUT_TRACE.seq] = seq;
    return attributes;
  }
}

/** The host's own spans inside the turn, if it has opened any, stand between. */
function parentIn(turn: ActiveSpan | null): Context {
  const active = context.active();
  return turn === null || scopeOf(active)?.turn === turn ? active : turn.context;
}

function linkTo(span: ActiveSpan, kind: string): Link {
  return { context: span.spanContext, attributes: { [ROLLOUT_TRACE.linkKind]: kind } };
}

function toolName(kind: ToolKind, label: string): string {
  if (kind.type === "mcp") return kind.tool;
  return kind.type === "other" ? kind.name : label;
}
