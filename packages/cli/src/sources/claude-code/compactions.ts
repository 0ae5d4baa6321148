/** How a thread's history is replaced: compactions, and results that are cleared one by one. */
import {
  asId,
  type CompactionId,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@rollout-trace/protocol";
import {
  append,
  elementDocuments,
  lineDocument,
  listDocument,
  type ListNode,
  type LogElement,
  objectDocument,
  valueAt,
} from "../log/document.ts";
import { idOf } from "../log/fields.ts";
import type { Place } from "../log/thread-output.ts";
import type { Branches } from "./branches.ts";
import type { ClaudeConversation } from "./conversation.ts";
import { messageOf } from "./messages.ts";
import type { ClaudeOutput } from "./output.ts";
import type { ToolCalls } from "./tool-calls.ts";

/** A compaction whose summary is still to come. */
interface Pending {
  readonly at: Place;
  readonly history: ListNode | null;
  /** Entries of the history that stay, after the summary. */
  readonly kept: readonly LogElement[];
  /** What was given to the model in the meantime. */
  readonly given: { readonly element: LogElement; readonly at: Place }[];
}

export interface CompactionsOptions {
  readonly output: ClaudeOutput;
  readonly conversation: ClaudeConversation;
  readonly branches: Branches;
  readonly calls: ToolCalls;
}

export class Compactions {
  readonly #output: ClaudeOutput;
  readonly #conversation: ClaudeConversation;
  readonly #branches: Branches;
  readonly #calls: ToolCalls;
  #pending: Pending | null = null;

  constructor({ output, conversation, branches, calls }: CompactionsOptions) {
    this.#output = output;
    this.#conversation = conversation;
    this.#branches = branches;
    this.#calls = calls;
  }

  get isPending(): boolean {
    return this.#pending !== null;
  }

  /** The history ends here. Its summary is the next message. */
  begin(boundary: JsonObject, at: Place): void {
    this.settle();
    this.#conversation.close();
    const { context } = this.#conversation;
    const kept = this.#kept(boundary, context.live);
    this.#branches.begin({ type: "back", to: null }, context);
    this.#pending = { at, history: context.live, kept, given: [] };
  }

  /** The summary of the history. Versions that mark no boundary have nothing else. */
  summarise(element: LogElement, at: Place): void {
    if (this.#pending === null) this.begin({}, at);
    this.#install(element);
  }

  /** What is given to the model between a boundary and the summary comes after it. False where there is no such boundary. */
  defer(element: LogElement, at: Place): boolean {
    this.#pending?.given.push({ element, at });
    return this.#pending !== null;
  }

  /** Something else came in place of a summary: the history is gone. */
  settle(): void {
    if (this.#pending !== null) this.#install(null);
  }

  /** The results of some calls are cleared out of the history. */
  clear(boundary: JsonObject, at: Place): void {
    const ids = valueAt(boundary, ["microcompactMetadata", "compactedToolIds"]);
    const callIds = Array.isArray(ids)
      ? (ids as readonly JsonValue[]).filter((id) => typeof id === "string")
      : [];
    const lines = this.#calls.resultLines(callIds);
    this.#conversation.close();
    const { live } = this.#conversation.context;
    if (lines.size === 0 || live === null) return;
    const cleared = new Set(callIds);
    let replacement: ListNode | null = null;
    for (const element of elementDocuments({ type: "list", last: live, count: live.length })) {
      const isCleared = element.type === "line" && lines.has(element.line);
      replacement = append(
        replacement,
        isCleared ? lineDocument(element, (line) => withoutResults(messageOf(line), cleared)) : element,
      );
    }
    this.#say(at, live, replacement);
    this.#conversation.replace(replacement, at);
  }

  #install(summary: LogElement | null): void {
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    const { at, history, kept, given } = pending;
    let replacement = summary === null ? null : append(null, summary);
    for (const element of kept) replacement = append(replacement, element);
    this.#say(at, history, replacement);
    this.#conversation.replace(replacement, at);
    for (const { element, at: givenAt } of given) this.#conversation.give(element, givenAt);
  }

  #say(at: Place, history: ListNode | null, replacement: ListNode | null): void {
    const output = this.#output;
    const checkpoint = output.payload(
      at.line,
      "checkpoint",
      "compaction_checkpoint",
      objectDocument({
        input_history: listDocument(history),
        replacement_history: listDocument(replacement),
      }),
    );
    const compaction_id = output.idAt<CompactionId>(at.line);
    output.say(at.timeUs, () => ({
      type: "compaction_installed",
      compaction_id: asId(compaction_id),
      checkpoint,
    }));
  }

  /** The entries that a boundary says stay as they are: from one to another, both of the history. */
  #kept(boundary: JsonObject, live: ListNode | null): readonly LogElement[] {
    const segment = valueAt(boundary, ["compactMetadata", "preservedSegment"]);
    if (!isJsonObject(segment)) return [];
    const from = this.#branches.lineOf(idOf(segment["headUuid"]) ?? "");
    const to = this.#branches.lineOf(idOf(segment["tailUuid"]) ?? "");
    if (from === null || to === null) return [];
    const kept: LogElement[] = [];
    for (let at = live; at !== null; at = at.previous) {
      const [first, last] = linesOf(at.element);
      if (last < from) break;
      if (first <= to) kept.push(at.element);
    }
    return kept.reverse();
  }
}

/** The first and the last line that an element of a history is made of. */
function linesOf(element: LogElement): readonly [number, number] {
  switch (element.type) {
    case "line":
      return [element.line, element.line];
    case "spread":
      return linesOf(element.array);
    case "object": {
      const content = element.members["content"];
      if (content?.type !== "array") return [0, 0];
      const lines = content.elements.flatMap(linesOf);
      return [Math.min(...lines), Math.max(...lines)];
    }
    default:
      return [0, 0];
  }
}

const CLEARED = "[Old tool result content cleared]";

function withoutResults(message: JsonValue, callIds: ReadonlySet<string>): JsonValue {
  if (!isJsonObject(message) || !Array.isArray(message["content"])) return message;
  const content = (message["content"] as readonly JsonValue[]).map((block) =>
    isJsonObject(block) && callIds.has(idOf(block["tool_use_id"]) ?? "")
      ? { ...block, content: CLEARED }
      : block,
  );
  return { ...message, content };
}
