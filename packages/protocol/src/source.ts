/**
 * Where a reducer reads from: a rollout's events and payloads, wherever they are kept.
 *
 * Everything here is synchronous and total: reading what is damaged gives a result that says so, never an exception.
 */
import type { PayloadId, RolloutId } from "./ids.ts";
import type { JsonValue } from "./json.ts";
import type { PayloadKind } from "./payload.ts";

/** One rollout, readable from its beginning as often as wanted. */
export interface RolloutSource {
  readonly rolloutId: RolloutId;
  /** `recorded` when the events are what a recorder wrote; `imported` when they were derived from a log of another kind. */
  readonly provenance: "recorded" | "imported";
  /** How many events there are, where that is known without reading them. */
  readonly eventCount: number | null;
  /** The events in `seq` order, beginning with the first whose `seq` is at least `fromSeq` (default 1). */
  events(fromSeq?: number): Iterable<SourceRecord>;
  readonly payloads: PayloadReader;
}

/** Something a source has to say: an event, not yet decoded, or that a place in it cannot be read. */
export type SourceRecord =
  | { readonly type: "event"; readonly value: unknown }
  | { readonly type: "problem"; readonly problem: SourceProblem };

export interface SourceProblem {
  /** For a person: a file and line, or a table and row. */
  readonly where: string;
  readonly message: string;
}

/**
 * Why a payload could not be read:
 * - `missing_payload`: there is none with this id
 * - `invalid_payload`: it is there, but it is not JSON
 * - `no_such_array`: the document has no array under the key that was asked for
 */
export type PayloadReadErrorCode = "missing_payload" | "invalid_payload" | "no_such_array";

export type PayloadRead<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: PayloadReadErrorCode; readonly message: string };

/** One element of an array field of a payload. */
export interface PayloadItem {
  /** Equal for elements with the same recorded JSON text, wherever they occur in the source. */
  readonly contentId: string;
  /** The parsed element. */
  value(): PayloadRead<JsonValue>;
}

/** An array beside another: their first `shared` elements, at least one, have the same content, then come its `items`. */
export interface ItemsSince {
  readonly shared: number;
  readonly items: readonly PayloadItem[];
}

export interface PayloadReader {
  /** The parsed document. */
  json(payloadId: PayloadId): PayloadRead<JsonValue>;
  /** The elements of the array under `key` of the document, without parsing those that nobody asks for. */
  items(payloadId: PayloadId, key: string): PayloadRead<readonly PayloadItem[]>;
  /**
   * The document, with those arrays left empty whose elements `items` gives one by one. For what stands beside a long array,
   * without the cost of it; a reader without this method leaves nothing out, and `json` says the same.
   */
  frame?(payloadId: PayloadId): PayloadRead<JsonValue>;
  /**
   * The array under `key`, beside the same array of another document of the rollout, where the reader can tell how they begin alike
   * for less than it takes to look at each element; null where it cannot, and where one of them is not there. They may have more in
   * common than `shared`. A reader without this method can never tell.
   */
  itemsSince?(payloadId: PayloadId, key: string, other: PayloadId): ItemsSince | null;
  /** Kind and size (bytes of UTF-8) of the document, or null when there is none. */
  stat(payloadId: PayloadId): PayloadStat | null;
}

export interface PayloadStat {
  readonly kind: PayloadKind;
  readonly size_bytes: number;
}
