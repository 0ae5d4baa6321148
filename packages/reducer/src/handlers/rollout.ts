/** Rollouts, threads and turns. */
import type { RawEvent, RolloutEventPayload, ThreadOrigin } from "@rollout-trace/protocol";
import type { GraphThreadOrigin } from "../graph/thread.ts";
import { endThread, endTurn, mayEnd } from "../linking/closing.ts";
import { recipientStarted } from "../linking/edges.ts";
import type { Reduction } from "../reduction.ts";
import type { Handlers } from "./handler.ts";

export const rolloutHandlers: Handlers<RolloutEventPayload["type"]> = {
  rollout_started(reduction, event) {
    const { state } = reduction;
    const { trace_id, root_thread_id, host } = event.payload;
    if (state.traceId !== null) {
      duplicateStart(reduction, event, { type: "rollout", id: event.rollout_id });
      return;
    }
    state.traceId = trace_id;
    state.rootThreadId = root_thread_id;
    state.host = host === null || host === undefined ? null : { name: host.name, version: host.version };
    state.startedAtUs = event.time_unix_us;
  },

  rollout_ended(reduction, event) {
    const { state } = reduction;
    const { status } = event.payload;
    if (state.end !== null && state.end.cause === "rollout_ended") {
      reduction.diagnose("duplicate_end", `rollout ${JSON.stringify(event.rollout_id)} ended again`, {
        type: "rollout",
        id: event.rollout_id,
      });
      return;
    }
    if (status !== "running") state.end = { ...reduction.moment, status, cause: "rollout_ended" };
  },

  thread_started(reduction, event) {
    const { thread_id, agent_path, nickname, model, metadata } = event.payload;
    reduction.payload(metadata);
    const origin = originOf(event.payload.origin);
    const known = reduction.state.threads.get(thread_id);
    if (known?.started === true) {
      duplicateStart(reduction, event, { type: "thread", id: thread_id });
      return;
    }
    const thread = known ?? reduction.addThread(thread_id, { agentPath: agent_path, origin });
    thread.started = true;
    thread.draft.agent_path = agent_path;
    thread.draft.origin = origin;
    thread.draft.nickname = nickname ?? null;
    thread.draft.model = model ?? null;
    reduction.touch(thread.draft);
    if (origin.type === "spawned") {
      const parent = reduction.state.threads.get(origin.parent_thread_id);
      const spawn = parent === undefined ? undefined : (parent.spawns ??= new Map()).get(thread_id);
      if (spawn !== undefined) reduction.addOrigin(thread.draft, spawn);
    }
    recipientStarted(reduction, thread_id);
  },

  thread_resumed(reduction, event) {
    const thread = reduction.thread(event.payload.thread_id);
    const { draft } = thread;
    if (draft.execution.status !== "running") (thread.pastEnds ??= []).push(draft.execution);
    draft.execution = {
      ...draft.execution,
      ended_at_us: null,
      ended_seq: null,
      status: "running",
      end_cause: null,
    };
    reduction.touch(draft);
  },

  thread_ended(reduction, event) {
    const { thread_id, status } = event.payload;
    const thread = reduction.thread(thread_id);
    const mayNow = mayEnd(reduction, thread.draft.execution, { type: "thread", id: thread_id });
    if (mayNow && status !== "running") endThread(reduction, thread, { status, cause: "observed" });
    else reduction.touch(thread.draft);
  },

  turn_started(reduction, event) {
    const { turn_id, thread_id } = event.payload;
    const thread = reduction.thread(thread_id);
    const known = reduction.state.turns.find(turn_id, thread_id);
    if (known?.draft.execution.status === "running") {
      duplicateStart(reduction, event, { type: "turn", id: known.draft.turn_id });
      reduction.touch(known.draft);
      return;
    }
    reduction.addTurn(turn_id, thread);
    for (const late of reduction.takeWaiting("turn", turn_id, thread_id)) reduction.replay(late);
  },

  turn_ended(reduction, event) {
    const { turn_id, status } = event.payload;
    const turn = reduction.state.turns.find(turn_id, event.thread_id);
    if (turn === undefined) {
      reduction.awaitStart("turn", turn_id, event);
      return;
    }
    const mayNow = mayEnd(reduction, turn.draft.execution, { type: "turn", id: turn.draft.turn_id });
    if (mayNow && status !== "running") endTurn(reduction, turn, { status, cause: "observed" });
    else reduction.touch(turn.draft);
  },
};

function originOf(origin: ThreadOrigin): GraphThreadOrigin {
  if (origin.type === "root") return { type: "root" };
  return {
    type: "spawned",
    parent_thread_id: origin.parent_thread_id,
    spawn_edge_id: null,
    task_name: origin.task_name ?? null,
    agent_role: origin.agent_role ?? null,
  };
}

export function duplicateStart(
  reduction: Reduction,
  event: RawEvent,
  object: Parameters<Reduction["diagnose"]>[2] & {},
): void {
  reduction.diagnose(
    "duplicate_start",
    `${event.payload.type}: ${object.type} ${JSON.stringify(object.id)} has started already`,
    object,
  );
}
