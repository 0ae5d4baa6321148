/** How a rollout's recording begins. */
import type { HostInfo, RolloutId, ThreadId, TraceId } from "@rollout-trace/protocol";
import { Recording } from "../store/recording.ts";
import { thisProcess } from "../store/writer-process.ts";
import type { StartThreadOptions } from "./handles.ts";
import { given } from "./given.ts";
import { idOr } from "./ids.ts";
import { type RecorderParts, RolloutRecorder } from "./rollout-recorder.ts";
import { RecordingThread } from "./thread.ts";

export interface RootThreadOptions extends StartThreadOptions {
  /** Default: `/root`. */
  readonly agentPath?: string | undefined;
}

export interface StartRolloutOptions {
  /** The product's own id of the session. Recorded again, it is another recording of the same rollout. Default: a new id. */
  readonly rolloutId?: string | undefined;
  readonly rootThread?: RootThreadOptions | undefined;
  /** The program that records. */
  readonly host?: HostInfo | undefined;
}

/** Records `rollout_started` and the root's `thread_started`. */
export function startRollout(
  parts: RecorderParts,
  options: StartRolloutOptions,
): { readonly recorder: RolloutRecorder; readonly root: RecordingThread } {
  const rolloutId = idOr<RolloutId>(() => options.rolloutId);
  const traceId = idOr<TraceId>(() => undefined);
  const rootThread = given(() => options.rootThread) ?? {};
  const threadId = idOr<ThreadId>(() => rootThread.threadId);
  const host = given(() => options.host);
  const recording = new Recording(rolloutId, {
    traceId,
    rolloutId: parts.redactor.text(rolloutId),
    rootThreadId: parts.redactor.text(threadId),
    hostName: given(() => (host === undefined ? null : parts.redactor.text(String(host.name)))) ?? null,
    hostVersion: given(() => (host === undefined ? null : parts.redactor.text(String(host.version)))) ?? null,
    writer: JSON.stringify(thisProcess()),
  });
  const recorder = new RolloutRecorder(recording, parts);
  recorder.record({ threadId: null, turnId: null }, () => ({
    type: "rollout_started",
    trace_id: traceId,
    root_thread_id: threadId,
    host: host === undefined ? null : { name: String(host.name), version: String(host.version) },
  }));
  return { recorder, root: RecordingThread.startRoot(recorder, threadId, rootThread) };
}
