/**
 * The parsed lines that were used last. A line is parsed by the importer, and again for each payload that is made of it
 * unless it is still here; payloads are read soon after the event that names them.
 */
import type { JsonValue } from "@rollout-trace/protocol";

/** Bytes of text whose values are kept: some hundred ordinary lines. */
const KEPT_BYTES = 1 << 23;

export class ValueCache {
  readonly #entries = new Map<number, { readonly value: JsonValue; readonly bytes: number }>();
  #bytes = 0;

  get(line: number): JsonValue | undefined {
    return this.#entries.get(line)?.value;
  }

  set(line: number, value: JsonValue, bytes: number): void {
    if (this.#entries.has(line)) return;
    this.#entries.set(line, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      // The newest stays, however long it is.
      if (this.#bytes <= KEPT_BYTES || oldest === line) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}
