/** The payloads of an import: read from the source, redacted, and written against the ones before them. */
import { asId, type PayloadId, type PayloadReader, type PayloadReadErrorCode } from "@rollout-trace/protocol";
import type { Redactor } from "../redact/redactor.ts";
import { RopeChain } from "../store/rope-chain.ts";
import { cutDocument, type RopeDocument } from "../store/rope.ts";
import type { StoredPayloads } from "../store/read-payloads.ts";
import { messageOf, TraceStoreError } from "../trace-store-error.ts";
import type { NamedPayload } from "./import-record.ts";
import type { NewPayload } from "./import-table.ts";

/** Threads and kinds whose last documents are kept for comparison. Beyond that the longest unused are let go. */
const MAX_CHAINS = 64;

type Content =
  | { readonly ok: true; readonly document: RopeDocument }
  | { readonly ok: false; readonly code: PayloadReadErrorCode; readonly message: string };

export class ImportPayloads {
  readonly #source: PayloadReader;
  readonly #redactor: Redactor;
  readonly #chains: Map<string, RopeChain> = new Map();

  constructor(source: PayloadReader, redactor: Redactor) {
    this.#source = source;
    this.#redactor = redactor;
  }

  /** Whether the store has exactly this payload. */
  isStored({ id, storedId }: NamedPayload, stored: StoredPayloads): boolean {
    const stat = this.#source.stat(asId<PayloadId>(id));
    const storedStat = stored.stat(asId<PayloadId>(storedId));
    if (stat?.kind !== storedStat?.kind || stat?.size_bytes !== storedStat?.size_bytes) return false;
    const text = stored.text(asId<PayloadId>(storedId));
    const content = this.#content(id, null);
    if (!text.ok || !content.ok) {
      return text.ok === content.ok || (!text.ok && !content.ok && text.message === content.message);
    }
    return text.value === textOf(content.document);
  }

  /** A payload as it is to be written. */
  read({ id, storedId, threadId }: NamedPayload, ordinal: number): NewPayload {
    const stat = this.#source.stat(asId<PayloadId>(id));
    const chain = this.#chain(`${stat?.kind ?? ""} ${threadId ?? ""}`);
    const content = this.#content(id, chain.last);
    if (!content.ok) return { ordinal, storedId, stat, content };
    const { document } = content;
    return { ordinal, storedId, stat, content: { ...content, base: chain.add({ ordinal, document }) } };
  }

  #content(id: string, previous: RopeDocument | null): Content {
    const read = this.#source.json(asId<PayloadId>(id));
    if (!read.ok) return { ...read, message: this.#redactor.text(read.message) };
    try {
      return { ok: true, document: cutDocument(read.value, previous, this.#redactor) };
    } catch (error) {
      const isOurs = error instanceof TraceStoreError || error instanceof RangeError;
      const reason = isOurs ? error.message : this.#redactor.text(messageOf(error));
      return { ok: false, code: "invalid_payload", message: `payload ${id} was not imported: ${reason}` };
    }
  }

  #chain(key: string): RopeChain {
    const chain = this.#chains.get(key) ?? new RopeChain();
    this.#chains.delete(key);
    this.#chains.set(key, chain);
    if (this.#chains.size > MAX_CHAINS) {
      for (const oldest of this.#chains.keys()) {
        this.#chains.delete(oldest);
        break;
      }
    }
    return chain;
  }
}

/** The text that a document stands for. */
function textOf({ parts }: RopeDocument): string {
  const pieces: string[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.kind === "open" || part.kind === "close") continue;
    if (part.kind === "item" && parts[index - 1]?.kind === "item") pieces.push(",");
    pieces.push(part.text);
  }
  return pieces.join("");
}
