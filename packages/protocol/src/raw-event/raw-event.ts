/** The envelope that every recorded fact has, and the union of all facts. */
import type { RolloutId, ThreadId, TurnId } from "../ids.ts";
import { type CodeCellEventPayload, codeCellEventSchemas } from "./code-cell.ts";
import { type CompactionEventPayload, compactionEventSchemas } from "./compaction.ts";
import type { EventSchemas } from "./event-schemas.ts";
import { type InferenceEventPayload, inferenceEventSchemas } from "./inference.ts";
import { type MultiAgentEventPayload, multiAgentEventSchemas } from "./multi-agent.ts";
import { type RecordingEventPayload, recordingEventSchemas } from "./recording.ts";
import { type RolloutEventPayload, rolloutEventSchemas } from "./rollout.ts";
import { type ToolCallEventPayload, toolCallEventSchemas } from "./tool-call.ts";

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
export const rawEventSchemas: EventSchemas<RawEventPayload> = {
  ...rolloutEventSchemas,
  ...inferenceEventSchemas,
  ...toolCallEventSchemas,
  ...codeCellEventSchemas,
  ...multiAgentEventSchemas,
  ...compactionEventSchemas,
  ...recordingEventSchemas,
};

/** All event types of this schema version. */
export const RAW_EVENT_TYPES: readonly RawEventType[] = Object.keys(rawEventSchemas) as RawEventType[];
