/** Every event type and its handler. */
import type { RawEvent, RawEventPayload, RawEventType } from "@rollout-trace/protocol";
import type { Reduction } from "../reduction.ts";
import { codeCellHandlers } from "./code-cell.ts";
import { compactionHandlers } from "./compaction.ts";
import type { Handlers } from "./handler.ts";
import { inferenceHandlers } from "./inference.ts";
import { multiAgentHandlers } from "./multi-agent.ts";
import { recordingHandlers } from "./recording.ts";
import { rolloutHandlers } from "./rollout.ts";
import { toolCallHandlers } from "./tool-call.ts";

const HANDLERS: Handlers<RawEventType> = {
  ...rolloutHandlers,
  ...inferenceHandlers,
  ...toolCallHandlers,
  ...codeCellHandlers,
  ...multiAgentHandlers,
  ...compactionHandlers,
  ...recordingHandlers,
};

type AnyHandler = (reduction: Reduction, event: RawEvent<RawEventPayload>) => void;

/** A type that was just parsed is no name of a property yet, and would be made one for each event. */
const BY_TYPE: ReadonlyMap<string, AnyHandler> = new Map(
  Object.entries(HANDLERS) as readonly (readonly [string, AnyHandler])[],
);

export function dispatch(reduction: Reduction, event: RawEvent): void {
  // Every type that can be decoded has a handler.
  const handler = BY_TYPE.get(event.payload.type) as AnyHandler;
  handler(reduction, event);
}
