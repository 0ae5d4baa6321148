/** One agent of a rollout, while it is being recorded. */
import {
  asId,
  type CodeModeObserver,
  type EdgeId,
  type RolloutId,
  type RolloutStatus,
  type ThreadId,
  type ThreadOrigin,
  type TurnId,
} from "@rollout-trace/protocol";
import { otherOf, protocolEventOf } from "./breadcrumbs.ts";
import { RecordingCodeModeObserver } from "./code-cell.ts";
import { RecordingCompaction } from "./compaction.ts";
import { tellDroppedSpans } from "../opentelemetry/host-spans.ts";
import { runInContext } from "./context.ts";
import type {
  AgentResultOptions,
  CompactionOptions,
  CompactionTrace,
  EndStatus,
  Lazy,
  OtherOptions,
  StartChildThreadOptions,
  StartThreadOptions,
  StartTurnOptions,
  ThreadTrace,
  TurnTrace,
} from "./handles.ts";
import { given } from "./given.ts";
import { idOr, optionalId } from "./ids.ts";
import { ThreadSpans } from "../opentelemetry/thread-spans.ts";
import type { RolloutRecorder, Scope } from "./rollout-recorder.ts";
import { RecordingTurn } from "./turn.ts";

/** Who a thread is. */
interface Identity {
  readonly threadId: ThreadId;
  readonly agentPath: string;
  readonly origin: ThreadOrigin;
}

export class RecordingThread implements ThreadTrace {
  readonly enabled = true;
  readonly threadId: ThreadId;
  readonly agentPath: string;
  readonly recorder: RolloutRecorder;
  readonly spans: ThreadSpans;
  readonly #origin: ThreadOrigin;
  /** The root of the rollout; itself for the root. */
  readonly #root: RecordingThread;
  /** Turns that are open, in the order of opening. */
  readonly #openTurns: RecordingTurn[] = [];
  #latestTurn: TurnId | null = null;
  #hasEnded = false;

  private constructor(recorder: RolloutRecorder, identity: Identity, parent: RecordingThread | null) {
    this.recorder = recorder;
    this.threadId = identity.threadId;
    this.agentPath = identity.agentPath;
    this.#origin = identity.origin;
    this.#root = parent === null ? this : parent.#root;
    this.spans = new ThreadSpans(
      {
        rolloutId: recorder.recording.rolloutId,
        threadId: identity.threadId,
        agentName: identity.agentPath.slice(identity.agentPath.lastIndexOf("/") + 1) || identity.agentPath,
        on: recorder.openTelemetry,
      },
      parent?.spans ?? null,
    );
  }

  static startRoot(
    recorder: RolloutRecorder,
    threadId: ThreadId,
    options: StartThreadOptions & { readonly agentPath?: string | undefined },
  ): RecordingThread {
    const identity: Identity = {
      threadId,
      agentPath: given(() => options.agentPath) ?? "/root",
      origin: { type: "root" },
    };
    const thread = new RecordingThread(recorder, identity, null);
    thread.#recordStart(options);
    return thread;
  }

  get rolloutId(): RolloutId {
    return this.recorder.recording.rolloutId;
  }

  get lastSeq(): number {
    return this.recorder.recording.lastSeq;
  }

  /** The turn that something outside of any turn's handle belongs to: the one opened last among those still open. */
  get openTurn(): RecordingTurn | null {
    return this.#openTurns.at(-1) ?? null;
  }

  startTurn(options: StartTurnOptions = {}): TurnTrace {
    const turnId = idOr<TurnId>(() => options.turnId);
    const turn = new RecordingTurn(this, turnId);
    this.#openTurns.push(turn);
    this.#latestTurn = turnId;
    const { threadId } = this;
    const seq = this.recorder.record({ threadId, turnId }, () => ({
      type: "turn_started",
      turn_id: turnId,
      thread_id: threadId,
    }));
    if (this.spans.enabled) turn.span = this.spans.startTurn({ turnId, seq });
    return turn;
  }

  /** Called by a turn at its end. */
  turnEnded(turn: RecordingTurn): void {
    const index = this.#openTurns.lastIndexOf(turn);
    if (index >= 0) this.#openTurns.splice(index, 1);
  }

  startChildThread(options: StartChildThreadOptions = {}): ThreadTrace {
    const threadId = idOr<ThreadId>(() => options.threadId);
    const taskName = given(() => options.taskName) ?? null;
    const agentPath = given(() => options.agentPath) ?? `${this.agentPath}/${taskName ?? threadId}`;
    const origin: ThreadOrigin = {
      type: "spawned",
      parent_thread_id: this.threadId,
      task_name: taskName,
      agent_role: given(() => options.agentRole) ?? null,
    };
    const child = new RecordingThread(this.recorder, { threadId, agentPath, origin }, this);
    child.#recordStart(options);
    return child;
  }

  resume(): void {
    this.#hasEnded = false;
    this.spans.resumed();
    this.recorder.record(this.#scope(), () => ({ type: "thread_resumed", thread_id: this.threadId }));
  }

  end(status: EndStatus = "completed"): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.recorder.record(this.#scope(), () => ({ type: "thread_ended", thread_id: this.threadId, status }));
    this.recorder.recording.forgetChains(this.threadId);
    this.spans.ended();
  }

  agentResult(options: AgentResultOptions): void {
    const turnId = given(() => optionalId<TurnId>(options.childTurnId)) ?? this.#latestTurn;
    this.recorder.record({ threadId: this.threadId, turnId }, (evidence) => {
      const parent = this.#origin.type === "spawned" ? this.#origin.parent_thread_id : null;
      if (turnId === null)
        throw new TypeError(`thread ${this.threadId} has no turn that a result could be of`);
      return {
        type: "agent_result_observed",
        edge_id: idOr<EdgeId>(() => options.edgeId),
        child_thread_id: this.threadId,
        child_turn_id: turnId,
        parent_thread_id: asId<ThreadId>(options.parentThreadId ?? parent ?? ""),
        message: String(options.message),
        carried: options.carried === undefined ? null : evidence("agent_result", options.carried),
      };
    });
    if (this.spans.enabled && this.#origin.type === "spawned") {
      this.spans.report("agent_result", this.#origin.parent_thread_id);
    }
  }

  compaction(options: CompactionOptions = {}): CompactionTrace {
    const turnId = this.openTurn?.turnId ?? this.#latestTurn;
    const scope = { threadId: this.threadId, turnId };
    return new RecordingCompaction(this, this.openTurn?.span ?? null, scope, options);
  }

  protocolEvent(eventType: string, event: Lazy): void {
    this.recorder.record(this.#scope(), (evidence) => protocolEventOf(eventType, event, evidence));
  }

  other(options: OtherOptions): void {
    this.recorder.record(this.#scope(), (evidence) => otherOf(options, evidence));
  }

  codeModeObserver(): CodeModeObserver {
    return new RecordingCodeModeObserver(this, null);
  }

  run<Result>(fn: () => Result): Result {
    return runInContext({ thread: this, turn: null, toolCall: null }, fn);
  }

  endRollout(status: Exclude<RolloutStatus, "running"> = "completed"): void {
    const { recorder } = this;
    if (recorder.recording.state !== "open") return;
    tellDroppedSpans(recorder, NOWHERE);
    this.#root.end(status);
    recorder.record(NOWHERE, () => ({ type: "rollout_ended", status }));
    recorder.complete();
  }

  #recordStart(options: StartThreadOptions): void {
    this.recorder.record(this.#scope(), (evidence) => ({
      type: "thread_started",
      thread_id: this.threadId,
      agent_path: this.agentPath,
      origin: this.#origin,
      nickname: options.nickname ?? null,
      model: options.model ?? null,
      metadata: options.metadata === undefined ? null : evidence("thread_metadata", options.metadata),
    }));
  }

  #scope(): Scope {
    return { threadId: this.threadId, turnId: this.openTurn?.turnId ?? null };
  }
}

const NOWHERE: Scope = { threadId: null, turnId: null };
