/** How the documents of one wire format are read. */
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import type { Normalise } from "./normal-item.ts";

/** A model-facing array of a document. */
export interface ArrayReader {
  /** Names of its field; the first that the document has counts. */
  readonly keys: readonly string[];
  readonly normalise: Normalise;
  /** The element that a bare string in its place stands for; absent where the format has no such short form. */
  readonly fromText?: (text: string) => JsonValue;
}

export interface DialectReader {
  /** Instructions that stand beside the history: a request may do without, and a compaction of the history keeps them. */
  readonly head: ArrayReader | null;
  /** What a request's history consists of, and that of a compaction's checkpoint. */
  readonly history: ArrayReader;
  readonly response: ArrayReader;
  /** Whether an element of a history is written as only this format writes it. What is plain text is in none. */
  readonly isOwn: (element: JsonObject) => boolean;
}
