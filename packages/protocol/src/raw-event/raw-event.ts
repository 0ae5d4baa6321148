/** The envelope that every recorded fact has, and the union of all facts. */
import type { RolloutId, ThreadId, TurnId } from "../ids.ts";
import { type CodeCellEventPayload, codeCellEventShapes } from "./code-cell.ts";
import { type CompactionEventPayload, compactionEventShapes } from "./compaction.ts";
import type { EventShapes } from "./event-shapes.ts";
import { type InferenceEventPayload, inferenceEventShapes } from "./inference.ts";
import { type MultiAgentEventPayload, multiAgentEventShapes } from "./multi-agent.ts";
import { type RecordingEventPayload, recordingEventShapes } from "./recording.ts";
import { type RolloutEventPayload, rolloutEventShapes } from "./rollout.ts";
import { type ToolCallEventPayload, toolCallEventShapes } from "./tool-call.ts";

/** Of the envelope and of all payload types. */
export const SCHEMA_VERSION = 1;

export type RawEventPayload =
  | RolloutEventPayload
  | InferenceEventPayload
  | ToolCallEventPayload
  | CodeCellEventPayload
  | MultiAgentEventPayload
  | CompactionEventPayload
  | RecordingEventPayload;

export type RawEventType = RawEventPayload["type"];

/** Where and when something was recorded. */
export interface RawEventEnvelope {
  readonly schema_version: typeof SCHEMA_VERSION;
  /** Position within the rollout: 1, 2, …, without gaps. The causal order. */
  readonly seq: number;
  /** Wall clock in microseconds since the epoch, never decreasing within a rollout. For display only. */
  readonly time_unix_us: number;
  readonly rollout_id: RolloutId;
  readonly thread_id: ThreadId | null;
  readonly turn_id: TurnId | null;
}

/** One recorded fact. */
export interface RawEvent<Payload extends RawEventPayload = RawEventPayload> extends RawEventEnvelope {
  readonly payload: Payload;
}

/** The payload type that goes with an event type. */
export type PayloadOf<Type extends RawEventType> = Extract<RawEventPayload, { readonly type: Type }>;

/** One schema for each event type. */
export const rawEventShapes: EventShapes<RawEventPayload> = {
  ...rolloutEventShapes,
  ...inferenceEventShapes,
  ...toolCallEventShapes,
  ...codeCellEventShapes,
  ...multiAgentEventShapes,
  ...compactionEventShapes,
  ...recordingEventShapes,
};

/** All event types of this schema version. */
export const RAW_EVENT_TYPES: readonly RawEventType[] = Object.keys(rawEventShapes) as RawEventType[];
