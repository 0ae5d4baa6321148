/**
 * What requests cost. Versions that name the response tell it in a record of its own, and once more as a count; others tell
 * it as a count only, and repeat the last count now and then, with the same total.
 */
import { isJsonObject, type JsonObject } from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";
import { idOf } from "../log/fields.ts";

export interface UsageOf {
  readonly responseId: string | null;
}

export class UsageRecords {
  #total: string | null = null;
  #hasRecords = false;

  ofRecord(payload: JsonObject): UsageOf | null {
    this.#hasRecords = true;
    return isJsonObject(payload["usage"]) ? { responseId: idOf(payload["response_id"]) } : null;
  }

  /** Null for a count that repeats, or that a record has told already. */
  ofCount(event: JsonObject): UsageOf | null {
    const isNew = this.#advance(event);
    if (!isNew || this.#hasRecords) return null;
    return isJsonObject(valueAt(event, ["info", "last_token_usage"])) ? { responseId: null } : null;
  }

  /** Takes note of a count that is another thread's. */
  skip(event: JsonObject): void {
    this.#advance(event);
  }

  #advance(event: JsonObject): boolean {
    const total = valueAt(event, ["info", "total_token_usage"]);
    if (!isJsonObject(total)) return false;
    const text = JSON.stringify(total);
    if (text === this.#total) return false;
    this.#total = text;
    return true;
  }
}
