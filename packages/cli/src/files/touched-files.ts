/**
 * Which files a rollout's tools changed: by the host's own account of a patch where there is one, otherwise by what the call
 * asked for, if it did not fail. Files that a shell command changed are not among them: nothing records those.
 */
import {
  asId,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PayloadId,
  type PayloadReader,
} from "@rollout-trace/protocol";
import type { RolloutGraph, ToolCall } from "@rollout-trace/reducer";

/** How often a file was changed, and by which tool calls, in their order. The path is as recorded, which may be relative. */
export interface TouchedFile {
  readonly path: string;
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
  readonly tool_call_ids: readonly string[];
}

type Change = "added" | "updated" | "deleted";

type Changes = readonly (readonly [path: string, change: Change])[];

/** The files, in the order in which they were first changed. */
export function touchedFiles(graph: RolloutGraph, payloads: PayloadReader): readonly TouchedFile[] {
  const files = new Map<string, { added: number; updated: number; deleted: number; calls: Set<string> }>();
  for (const call of Object.values(graph.tool_calls)) {
    for (const [path, change] of changesOf(call, payloads)) {
      const file = files.get(path) ?? { added: 0, updated: 0, deleted: 0, calls: new Set<string>() };
      files.set(path, file);
      file[change] += 1;
      file.calls.add(call.tool_call_id);
    }
  }
  return [...files].map(([path, { calls, ...counts }]) => ({ path, ...counts, tool_call_ids: [...calls] }));
}

function changesOf(call: ToolCall, payloads: PayloadReader): Changes {
  const read = (id: string): JsonValue => {
    const document = payloads.json(asId<PayloadId>(id));
    return document.ok ? document.value : null;
  };
  // Also for the tools of other hosts that write a file: importers give them the same kind.
  if (call.kind.type !== "apply_patch") return [];
  // The last one: what began says what it was about to do.
  const accounts = call.runtime_payload_ids.toReversed().map(read).filter(isJsonObject);
  const account = accounts.find(({ changes }) => isJsonObject(changes ?? null));
  if (account !== undefined) return isDone(account) ? changesIn(account["changes"]) : [];
  if (call.execution.status !== "completed") return [];
  return call.invocation_payload_id === null ? [] : changesAskedFor(read(call.invocation_payload_id));
}

function isDone({ success, status }: JsonObject): boolean {
  return success === true || status === "completed";
}

const CHANGES: { readonly [type: string]: Change | undefined } = {
  add: "added",
  update: "updated",
  delete: "deleted",
};

/** `{path: {type, move_path?}}`, or with the type as a key. */
function changesIn(changes: JsonValue | undefined): Changes {
  if (!isJsonObject(changes ?? null)) return [];
  return Object.entries(changes as JsonObject).flatMap(([path, said]): Changes => {
    if (!isJsonObject(said)) return [];
    const type = typeof said["type"] === "string" ? said["type"] : (Object.keys(said)[0] ?? "");
    const change = Object.hasOwn(CHANGES, type) ? CHANGES[type] : undefined;
    const details = isJsonObject(said[type] ?? null) ? (said[type] as JsonObject) : said;
    const moved = details["move_path"];
    if (change === undefined) return [];
    return typeof moved === "string"
      ? [
          [path, "deleted"],
          [moved, "added"],
        ]
      : [[path, change]];
  });
}

/** What a call asks for: a patch, or a file to write. */
function changesAskedFor(invocation: JsonValue): Changes {
  const payload = isJsonObject(invocation) ? invocation["payload"] : null;
  if (!isJsonObject(payload ?? null)) return [];
  const { input, arguments: text, value } = payload as JsonObject;
  if (typeof input === "string") return changesOfPatch(input);
  const args = typeof text === "string" ? parsed(text) : value;
  if (!isJsonObject(args ?? null)) return [];
  const { file_path: path, notebook_path: notebook, input: patch, patch: named } = args as JsonObject;
  const written = path ?? notebook;
  if (typeof written === "string") return [[written, "updated"]];
  const patchText = patch ?? named;
  return typeof patchText === "string" ? changesOfPatch(patchText) : [];
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}

const PATCH_LINE = /^\*\*\* (?:(Add|Update|Delete) File|Move to): (.+)$/gm;

const PATCH_CHANGES: { readonly [word: string]: Change } = {
  Add: "added",
  Update: "updated",
  Delete: "deleted",
};

function changesOfPatch(patch: string): Changes {
  const changes: [string, Change][] = [];
  for (const [, word, path = ""] of patch.matchAll(PATCH_LINE)) {
    const change = word === undefined ? undefined : PATCH_CHANGES[word];
    const last = changes.at(-1);
    if (change !== undefined) changes.push([path.trim(), change]);
    else if (last !== undefined) {
      // A move goes with the update above it.
      last[1] = "deleted";
      changes.push([path.trim(), "added"]);
    }
  }
  return changes;
}
