/**
 * Branded id types. An id is an opaque, non-empty string; nothing may parse one.
 *
 * Brands exist at compile time only. `asId` is the one door from a plain string into a branded id, so a reader can find
 * every place where an id is minted or taken over from outside.
 */
declare const brand: unique symbol;

/** `Base` that cannot be mixed up with another brand of the same base. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** One run of an agent host: the root thread and all threads it spawned. */
export type RolloutId = Branded<string, "RolloutId">;
/** One recording of a rollout. */
export type TraceId = Branded<string, "TraceId">;
/** One agent of a rollout. */
export type ThreadId = Branded<string, "ThreadId">;
/** One activation of one thread's agent loop. */
export type TurnId = Branded<string, "TurnId">;
/** One request to a model and its response. */
export type InferenceCallId = Branded<string, "InferenceCallId">;
/** One dispatch at the host's tool boundary; unique within a rollout as recorded. */
export type ToolCallId = Branded<string, "ToolCallId">;
/** The `call_id` that a model response carries; scoped to its thread, and models reuse them. */
export type ModelVisibleCallId = Branded<string, "ModelVisibleCallId">;
/** The runtime's own handle of a cell (`"1"`, `"2"`, …); scoped to its session. */
export type RuntimeCellId = Branded<string, "RuntimeCellId">;
/** A cell's own id of a nested call (`"tool-1"`, …); scoped to its cell. */
export type RuntimeToolCallId = Branded<string, "RuntimeToolCallId">;
/** One observation of a cell after its first response. */
export type WaitId = Branded<string, "WaitId">;
/** One replacement of a thread's live history. */
export type CompactionId = Branded<string, "CompactionId">;
/** One model request made in order to compact. */
export type CompactionRequestId = Branded<string, "CompactionRequestId">;
/** One passing of information between agents. */
export type EdgeId = Branded<string, "EdgeId">;
/** One recorded payload; scoped to its rollout. */
export type PayloadId = Branded<string, "PayloadId">;
/** An OpenTelemetry span id (16 lower-case hex digits). */
export type SpanId = Branded<string, "SpanId">;
/** The id that a provider gave to an item of a request or response (`msg_…`, `fc_…`). */
export type ProviderItemId = Branded<string, "ProviderItemId">;

type AnyId = Branded<string, string>;

/** Takes a string over as an id of the wanted kind. Throws `TypeError` on an empty string, which no id may be. */
export function asId<Id extends AnyId>(value: string): Id {
  if (value === "") throw new TypeError("an id must not be empty");
  return value as Id;
}
