/** Taking secrets out of JSON that goes elsewhere than into a store, by the rules of a store. */
import { checkRedactOptions, type RedactOptions } from "./redact-options.ts";
import { SecretRedactor } from "./redactor.ts";

export interface JsonRedactor {
  /** How many secrets were replaced so far, by rule. */
  readonly counts: Readonly<Record<string, number>>;
  /**
   * A JSON document's text without the secrets in it: each is `[redacted:<rule>:<8 hex>]`, with equal digits for equal secrets
   * of this redactor and other digits in the next. Throws `TraceStoreError` (`unrecordable`) when it cannot be made safe.
   */
  document(json: string): string;
}

/** Throws `TraceStoreError` (`invalid_option`) for options that cannot be meant. */
export function jsonRedactor(options: RedactOptions = {}): JsonRedactor {
  checkRedactOptions(options);
  const redactor = new SecretRedactor(null, options);
  return {
    get counts() {
      return redactor.counts;
    },
    document: (json) => redactor.value(json, []),
  };
}
