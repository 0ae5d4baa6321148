/** What a model was shown and what it answered, as messages: content, for an export that was asked for it. */
import {
  asId,
  type Dialect,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PayloadId,
  type PayloadReader,
} from "@rollout-trace/protocol";
import type { InferenceCall } from "@rollout-trace/reducer";
import { instructionParts, messagesOf } from "../../otlp/items-to-messages.ts";
import type { RecordedFacts } from "./recorded-facts.ts";

const REQUEST_KEYS: { readonly [Name in Dialect]: string } = {
  openai_responses: "input",
  openai_chat: "messages",
  anthropic_messages: "messages",
};

export interface ModelMessages {
  readonly instructions: readonly JsonObject[];
  readonly input: readonly JsonObject[];
  readonly output: readonly JsonObject[];
}

/** The end of a conversation: what a request that continues it begins with. */
interface Context {
  readonly base: Context | null;
  readonly messages: readonly JsonObject[];
}

/** Messages of inference calls, asked for in the order of their starts. */
export class MessageReader {
  readonly #payloads: PayloadReader;
  readonly #facts: RecordedFacts;
  /** By response id: requests may continue any response. */
  readonly #contexts: Map<string, Context> = new Map();

  constructor(payloads: PayloadReader, facts: RecordedFacts) {
    this.#payloads = payloads;
    this.#facts = facts;
  }

  read(call: InferenceCall): ModelMessages {
    const own = this.#request(call);
    const output = this.#response(call);
    const base = this.#base(call);
    if (call.response_id !== null) {
      this.#contexts.set(call.response_id, { base, messages: [...own, ...output] });
    }
    return { instructions: this.#instructions(call), input: [...expanded(base), ...own], output };
  }

  #request({ request_payload_id, dialect }: InferenceCall): readonly JsonObject[] {
    const id = asId<PayloadId>(request_payload_id);
    const key = REQUEST_KEYS[dialect];
    const read = this.#payloads.items(id, key);
    if (read.ok) {
      const elements = read.value.map((item) => item.value());
      const readable = elements.filter((element) => element.ok).map(({ value }) => value);
      return messagesOf(readable, dialect, "user");
    }
    const text = this.#document(request_payload_id)?.[key];
    return typeof text === "string" ? messagesOf([text], dialect, "user") : [];
  }

  #response({ response_payload_id, dialect }: InferenceCall): readonly JsonObject[] {
    const document = this.#document(response_payload_id);
    if (document === null) return [];
    const elements =
      dialect === "openai_chat"
        ? document["choices"]
        : dialect === "anthropic_messages"
          ? [{ role: "assistant", content: document["content"] ?? null }]
          : (document["output_items"] ?? document["output"]);
    return Array.isArray(elements) ? messagesOf(elements, dialect, "assistant") : [];
  }

  #instructions({ request_payload_id }: InferenceCall): readonly JsonObject[] {
    const frame =
      this.#payloads.frame?.(asId<PayloadId>(request_payload_id)) ??
      this.#payloads.json(asId<PayloadId>(request_payload_id));
    if (!frame.ok || !isJsonObject(frame.value)) return [];
    return instructionParts(frame.value["instructions"] ?? frame.value["system"]);
  }

  #base({ execution, dialect }: InferenceCall): Context | null {
    const mode = this.#facts.inputModes.get(execution.started_seq);
    if (mode === undefined || mode.type === "full") return null;
    if (mode.type === "incremental") return this.#contexts.get(mode.previous_response_id) ?? null;
    const prefix = this.#payloads.json(mode.prefix.payload_id);
    const elements = prefix.ok ? prefix.value : null;
    const list = isJsonObject(elements) ? (elements[REQUEST_KEYS[dialect]] ?? elements["items"]) : elements;
    if (!Array.isArray(list)) return null;
    return { base: null, messages: messagesOf(list as readonly JsonValue[], dialect, "user") };
  }

  #document(payloadId: string | null): JsonObject | null {
    if (payloadId === null) return null;
    const read = this.#payloads.json(asId<PayloadId>(payloadId));
    return read.ok && isJsonObject(read.value) ? read.value : null;
  }
}

function expanded(context: Context | null): readonly JsonObject[] {
  const pieces: (readonly JsonObject[])[] = [];
  for (let at = context; at !== null; at = at.base) pieces.push(at.messages);
  return pieces.toReversed().flat();
}
