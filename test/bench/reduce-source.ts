/**
 * Made-up rollouts of any length, written and parsed as they are read, so that what a reduction keeps is all that is kept.
 *
 * Everything is JSON text until somebody asks for it, as in a store; an element is parsed when its value is asked for. The
 * reader counts the bytes that it parsed.
 */
import type {
  JsonValue,
  PayloadId,
  PayloadItem,
  PayloadRead,
  PayloadReader,
  PayloadStat,
  RolloutId,
  RolloutSource,
  SourceRecord,
} from "@rollout-trace/protocol";

/**
 * `full`: every request repeats the conversation, which is compacted now and then. `incremental`: requests continue the
 * response before them. `cells`: few requests, and cells that make many calls.
 */
export type Shape = "full" | "incremental" | "cells";

/** Turns between two compactions: with four items a turn, a context of some hundred items. */
const WINDOW_TURNS = 40;
/** Nested calls of a cell in the shape `cells`. */
const NESTED_CALLS = 250;

const WORDS = "the quick brown fox looks for the file that has the numbers of last week in it ";

function text(kind: string, turn: number, length: number): string {
  return `${kind} ${turn} ${WORDS.repeat(Math.ceil(length / WORDS.length))}`.slice(0, length);
}

const ELEMENTS: { readonly [kind: string]: (turn: number) => string } = {
  S: (turn) => message("user", "input_text", text("summary", turn, 800)),
  U: (turn) => message("user", "input_text", text("question", turn, 200)),
  C: (turn) =>
    `{"type":"function_call","call_id":"call-${turn}","name":"read","arguments":"{\\"path\\":\\"src/file-${turn}.ts\\",\\"lines\\":[1,200]}"}`,
  O: (turn) =>
    `{"type":"function_call_output","call_id":"call-${turn}","output":"${text("output", turn, 1200)}"}`,
  A: (turn) => message("assistant", "output_text", text("answer", turn, 300)),
  X: (turn) =>
    `{"type":"custom_tool_call","call_id":"call-${turn}","name":"exec","input":"${text("await", turn, 400)}"}`,
};

function message(role: string, part: string, content: string): string {
  return `{"type":"message","role":"${role}","content":[{"type":"${part}","text":"${content}"}]}`;
}

export interface LongRolloutOptions {
  readonly turns: number;
  readonly shape: Shape;
  /** Whether texts are parsed, or only made: what making them costs is no part of what is measured. */
  readonly parse: boolean;
}

export class LongRollout implements RolloutSource, PayloadReader {
  readonly rolloutId: RolloutId = "long" as RolloutId;
  readonly provenance = "recorded";
  readonly eventCount = null;
  readonly #options: LongRolloutOptions;
  readonly #items: Map<string, PayloadItem> = new Map();
  #window: PayloadItem[] = [];
  #windowStart = 0;
  #seq = 0;
  /** The payloads that the latest event names. */
  #named: PayloadId[] = [];
  /** The elements that no payload before the latest event's had. */
  #fresh: PayloadItem[] = [];
  /** Bytes of JSON that were parsed, all of it ASCII. */
  bytes = 0;

  constructor(options: LongRolloutOptions) {
    this.#options = options;
  }

  get payloads(): PayloadReader {
    return this;
  }

  *events(): Generator<SourceRecord, void> {
    this.#seq = 0;
    yield this.#event('"type":"rollout_started","trace_id":"t","root_thread_id":"root"', null);
    yield this.#event(
      '"type":"thread_started","thread_id":"root","agent_path":"/root","origin":{"type":"root"}',
      null,
    );
    for (let turn = 0; turn < this.#options.turns; turn += 1) yield* this.#turn(turn);
    yield this.#event('"type":"thread_ended","thread_id":"root","status":"completed"', null);
    yield this.#event('"type":"rollout_ended","status":"completed"', null);
    yield this.#event('"type":"recording_completed"', null);
  }

  *#turn(turn: number): Generator<SourceRecord, void> {
    const isCells = this.#options.shape === "cells";
    yield this.#event(`"type":"turn_started","turn_id":"turn-${turn}","thread_id":"root"`, turn);
    yield this.#request(turn, "a");
    yield this.#response(turn, "a");
    yield this.#event(
      `"type":"tool_call_started","tool_call_id":"call-${turn}","requester":{"type":"model"},"model_visible_call_id":"call-${turn}","kind":{"type":"${isCells ? "code_cell_exec" : "exec_command"}"},"label":"read","input_preview":"src/file-${turn}.ts"`,
      turn,
    );
    if (isCells) yield* this.#cell(turn);
    yield this.#event(
      `"type":"tool_call_ended","tool_call_id":"call-${turn}","status":"completed","end_cause":"returned","output_preview":"output"`,
      turn,
    );
    yield this.#request(turn, "b");
    yield this.#response(turn, "b");
    yield this.#event(`"type":"turn_ended","turn_id":"turn-${turn}","status":"completed"`, turn);
    if (this.#options.shape !== "full" || (turn + 1) % WINDOW_TURNS !== 0) return;
    yield this.#event(
      `"type":"compaction_installed","compaction_id":"k-${turn}","checkpoint":{"payload_id":"k.${turn}.k","kind":"compaction_checkpoint"}`,
      turn,
      `k.${turn}.k`,
    );
  }

  *#cell(turn: number): Generator<SourceRecord, void> {
    const cell = `"runtime_cell_id":"${turn}"`;
    yield this.#event(
      `"type":"code_cell_started",${cell},"model_visible_call_id":"call-${turn}","source":"${text("await", turn, 400)}"`,
      turn,
    );
    for (let call = 0; call < NESTED_CALLS; call += 1) {
      const id = `"tool_call_id":"n-${turn}-${call}"`;
      yield this.#event(
        `"type":"tool_call_started",${id},"requester":{"type":"code_cell",${cell}},"runtime_tool_call_id":"tool-${call}","kind":{"type":"mcp","server":"files","tool":"read"},"label":"read","input_preview":"{}"`,
        turn,
      );
      yield this.#event(
        `"type":"tool_call_ended",${id},"status":"completed","end_cause":"returned","output_preview":"ok"`,
        turn,
      );
    }
    yield this.#event(`"type":"code_cell_initial_response",${cell},"status":"completed"`, turn);
    yield this.#event(`"type":"code_cell_ended",${cell},"status":"completed"`, turn);
  }

  #request(turn: number, which: "a" | "b"): SourceRecord {
    const before = which === "b" ? `${turn}a` : turn === 0 ? null : `${turn - 1}b`;
    const mode =
      this.#options.shape === "full" || before === null
        ? '{"type":"full"}'
        : `{"type":"incremental","previous_response_id":"r-${before}"}`;
    return this.#event(
      `"type":"inference_started","inference_call_id":"i-${turn}${which}","thread_id":"root","turn_id":"turn-${turn}","model":"m","provider":"p","dialect":"openai_responses","input_mode":${mode},"request":{"payload_id":"q.${turn}.${which}","kind":"inference_request"}`,
      turn,
      `q.${turn}.${which}`,
    );
  }

  #response(turn: number, which: "a" | "b"): SourceRecord {
    return this.#event(
      `"type":"inference_completed","inference_call_id":"i-${turn}${which}","response_id":"r-${turn}${which}","response":{"payload_id":"r.${turn}.${which}","kind":"inference_response"}`,
      turn,
      `r.${turn}.${which}`,
    );
  }

  #event(payload: string, turn: number | null, names: string | null = null): SourceRecord {
    this.#seq += 1;
    this.#named = names === null ? [] : [names as PayloadId];
    this.#fresh = [];
    const place = turn === null ? "null" : `"turn-${turn}"`;
    const thread = turn === null ? "null" : '"root"';
    return {
      type: "event",
      value: this.#parse(
        `{"schema_version":1,"seq":${this.#seq},"time_unix_us":${1_700_000_000_000_000 + this.#seq * 1000},"rollout_id":"long","thread_id":${thread},"turn_id":${place},"payload":{${payload}}}`,
      ),
    };
  }

  #parse(json: string): JsonValue {
    this.bytes += json.length;
    return this.#options.parse ? (JSON.parse(json) as JsonValue) : json.charCodeAt(json.length >> 1);
  }

  json(payloadId: PayloadId): PayloadRead<JsonValue> {
    return this.frame(payloadId);
  }

  frame(payloadId: PayloadId): PayloadRead<JsonValue> {
    const [kind, turn] = payloadId.split(".");
    const frame =
      kind === "r"
        ? `{"id":"r-${turn}","model":"m","output_items":[],"usage":{"input_tokens":900,"input_tokens_details":{"cached_tokens":800},"output_tokens":90,"total_tokens":990}}`
        : '{"model":"m","input":[]}';
    return { ok: true, value: this.#parse(frame) };
  }

  items(payloadId: PayloadId, key: string): PayloadRead<readonly PayloadItem[]> {
    const [kind, turnText, which] = payloadId.split(".");
    const turn = Number(turnText);
    if (kind === "k") return { ok: true, value: this.#checkpoint(turn, key) };
    if (kind === "r") return { ok: true, value: this.#output(turn, which) };
    const isFull = this.#options.shape === "full";
    return { ok: true, value: isFull ? this.#context(turn, which) : this.#addition(turn, which) };
  }

  #output(turn: number, which: string | undefined): readonly PayloadItem[] {
    if (which === "b") return [this.#item("A", turn)];
    return [this.#item(this.#options.shape === "cells" ? "X" : "C", turn)];
  }

  #addition(turn: number, which: string | undefined): readonly PayloadItem[] {
    return [this.#item(which === "a" ? "U" : "O", turn)];
  }

  /** Grows with the turns of a window, and begins anew with a summary. */
  #context(turn: number, which: string | undefined): readonly PayloadItem[] {
    if (which === "b") this.#window.push(this.#item("C", turn), this.#item("O", turn));
    else if (turn % WINDOW_TURNS === 0) {
      const summary = turn === 0 ? [] : [this.#item("S", turn)];
      this.#items.clear();
      this.#windowStart = turn;
      this.#window = [...summary, this.#item("U", turn)];
    } else this.#window.push(this.#item("A", turn - 1), this.#item("U", turn));
    return [...this.#window];
  }

  #checkpoint(turn: number, key: string): readonly PayloadItem[] {
    if (key === "replacement_history") return [this.#item("S", turn + 1)];
    return [...this.#window, this.#item("A", this.#windowStart + WINDOW_TURNS - 1)];
  }

  #item(kind: string, turn: number): PayloadItem {
    const contentId = `${kind}${turn}`;
    const known = this.#items.get(contentId);
    if (known !== undefined) return known;
    const made: PayloadItem = {
      contentId,
      value: () => ({ ok: true, value: this.#parse(ELEMENTS[kind]?.(turn) ?? "null") }),
    };
    if (this.#options.shape === "full") this.#items.set(contentId, made);
    this.#fresh.push(made);
    return made;
  }

  stat(): PayloadStat {
    return { kind: "other", size_bytes: 1000 };
  }

  /** Reads every event, and everything that payloads have, once each; without reducing anything. Gives the number of events. */
  readOnce(): number {
    let events = 0;
    for (const _event of this.events()) {
      events += 1;
      for (const id of this.#named) {
        if (id.startsWith("r")) this.frame(id);
        for (const key of id.startsWith("k") ? ["input_history", "replacement_history"] : ["input"])
          this.items(id, key);
      }
      for (const item of this.#fresh) item.value();
    }
    return events;
  }
}
