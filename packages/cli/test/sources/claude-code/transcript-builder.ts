/** Writes small transcripts, so that a test can say what is in one in a few lines. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openSource } from "@rollout-trace/cli";
import { decodeRawEvent, type RawEvent, type SourceProblem } from "@rollout-trace/protocol";
import { expandRequest, reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";

export const SESSION = "11111111-2222-4333-8444-555555555555";
export const OTHER_SESSION = "99999999-2222-4333-8444-555555555555";
export const START = Date.parse("2026-03-01T09:00:00Z");

interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
}

/** What an entry says beside its message: `parent` names the entry it follows, which by default is the one before it. */
export interface More {
  readonly parent?: string | null;
  readonly uuid?: string;
  readonly [key: string]: unknown;
}

export class TranscriptBuilder {
  readonly #lines: string[] = [];
  readonly #common: object;
  #ms = START;
  #last: string | null = null;
  #count = 0;
  readonly #prefix: string;

  /** `common` is what every entry says; `prefix` is what the uuids begin with. */
  constructor(common: object = {}, prefix = "u") {
    this.#prefix = prefix;
    this.#common = {
      sessionId: SESSION,
      cwd: "/w",
      version: "2.1.100",
      userType: "external",
      isSidechain: false,
      ...common,
    };
  }

  /** The uuid of the entry added last. */
  get last(): string {
    return this.#last ?? "";
  }

  wait(ms: number): this {
    this.#ms += ms;
    return this;
  }

  /** Any text as a line. */
  line(text: string): this {
    this.#lines.push(text);
    return this;
  }

  /** An entry that has no place in the conversation. */
  note(type: string, more: object = {}): this {
    return this.line(JSON.stringify({ type, sessionId: SESSION, ...more }));
  }

  /** An entry, ten milliseconds after the one before it. */
  add(type: string, { parent = this.#last, uuid, ...more }: More = {}): this {
    this.#ms += 10;
    this.#count += 1;
    const id = uuid ?? `${this.#prefix}${this.#count}`;
    this.#last = id;
    const timestamp = new Date(this.#ms).toISOString();
    return this.line(
      JSON.stringify({ parentUuid: parent, ...this.#common, type, uuid: id, timestamp, ...more }),
    );
  }

  user(content: unknown, more: More = {}): this {
    return this.add("user", { message: { role: "user", content }, ...more });
  }

  /** An entry of a response. */
  says(
    id: string,
    content: readonly object[],
    { usage = {}, message = {}, ...more }: More & Options = {},
  ): this {
    return this.add("assistant", {
      message: {
        id,
        type: "message",
        role: "assistant",
        model: "claude-test",
        content,
        stop_reason: null,
        usage: { input_tokens: 10, output_tokens: 1, ...usage },
        ...message,
      },
      requestId: `req_${id}`,
      ...more,
    });
  }

  text(id: string, text: string, more: More & Options = {}): this {
    return this.says(id, [{ type: "text", text }], more);
  }

  use(id: string, name: string, callId: string, input: object = {}, more: More & Options = {}): this {
    return this.says(id, [{ type: "tool_use", id: callId, name, input }], more);
  }

  result(
    callId: string,
    content: unknown,
    { isError, ...more }: More & { readonly isError?: boolean } = {},
  ): this {
    const block = {
      type: "tool_result",
      tool_use_id: callId,
      content,
      ...(isError === true ? { is_error: true } : {}),
    };
    return this.user([block], more);
  }

  system(subtype: string, more: More = {}): this {
    return this.add("system", { subtype, ...more });
  }

  attach(attachment: object, more: More = {}): this {
    return this.add("attachment", { attachment, ...more });
  }

  content(end = "\n"): string {
    return this.#lines.join("\n") + end;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  write(folder: string, name = `${SESSION}.jsonl`, end = "\n"): string {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, this.content(end));
    return path;
  }
}

interface Options {
  readonly usage?: Partial<Usage> & { readonly [key: string]: number };
  readonly message?: object;
}

export interface ImportOptions {
  readonly rollout?: string;
  readonly mode?: "strict" | "lenient";
}

/** The graph of a source; strict, so that anything odd fails the test. */
export function importGraph(path: string, { rollout, mode = "strict" }: ImportOptions = {}): RolloutGraph {
  using source = openSource(path, { rollout, from: "claude-code" });
  return reduceRollout(source.rollout, { mode });
}

/** What a source says; an event that does not decode fails the test with the reason. */
export function readSource(path: string, rollout?: string) {
  using source = openSource(path, { rollout, from: "claude-code" });
  const events: RawEvent[] = [];
  const problems: SourceProblem[] = [];
  for (const record of source.rollout.events()) {
    if (record.type === "problem") {
      problems.push(record.problem);
      continue;
    }
    const decoded = decodeRawEvent(record.value);
    if (!decoded.ok) throw new Error(decoded.error.message);
    events.push(decoded.event);
  }
  return { events, problems };
}

/** A payload of a source as JSON. */
export function payloadOf(path: string, payloadId: string): unknown {
  using source = openSource(path, { from: "claude-code" });
  const read = source.rollout.payloads.json(payloadId as never);
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

/** An item as `role: text`. */
export function itemText(graph: RolloutGraph, id: string): string {
  const item = graph.conversation_items[id];
  if (item?.kind === "compaction_marker") return "(compacted)";
  const text = (item?.body.parts ?? []).map((part) =>
    part.type === "text" || part.type === "summary"
      ? part.text
      : part.type === "code"
        ? part.source
        : part.type === "encoded"
          ? part.value
          : part.type === "json"
            ? part.preview
            : `<${part.label}>`,
  );
  return `${item?.role}: ${text.join(" ")}`;
}

/** The transcript of a thread. */
export function transcript(graph: RolloutGraph, threadId: string = SESSION): readonly string[] {
  return (graph.threads[threadId]?.conversation_item_ids ?? []).map((id) => itemText(graph, id));
}

/** What the model was shown in each request of a thread. */
export function requests(graph: RolloutGraph, threadId: string = SESSION): readonly (readonly string[])[] {
  return Object.values(graph.inference_calls)
    .filter((call) => call.thread_id === threadId)
    .map((call) => expandRequest(graph, call.inference_call_id).map((id) => itemText(graph, id)));
}

/** The turns of a thread: how each ended, and the calls in it. */
export function turns(graph: RolloutGraph, threadId: string = SESSION) {
  return (graph.threads[threadId]?.turn_ids ?? []).map((id) => [
    graph.turns[id]?.execution.status,
    Object.values(graph.inference_calls).filter((call) => call.turn_id === id).length,
  ]);
}
