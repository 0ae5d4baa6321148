/**
 * The original reducer's state and our graph in one shape, so that they can be compared leaf by leaf.
 *
 * Both sides number items, name cells and name terminals in their own way. Here an item is `<thread>[<position in the
 * transcript>]`, so that comparing transcripts compares their order; a cell is its call id, an operation its tool call, and a
 * session the operation that opened it. Times are milliseconds, as the original has them.
 */
import { canonicalJson, type JsonValue } from "@rollout-trace/protocol";

/** Objects by kind and name; every leaf is compared. */
export type Comparable = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** Items of the original that are one item here: what it calls the copy, and what it calls the first. */
export type SameItems = Readonly<Record<string, string>>;

export interface Difference {
  /** `kind.object.field`, and deeper. */
  readonly path: string;
  /** JSON. */
  readonly original: string | undefined;
  readonly ours: string | undefined;
}

/** Leaves that are not equal, in order of the path. */
export function differences(original: Comparable, ours: Comparable): readonly Difference[] {
  const [before, after] = [leaves(original, ""), leaves(ours, "")];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => ({ path, original: before.get(path), ours: after.get(path) }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function leaves(
  value: unknown,
  path: string,
  found = new Map<string, string>(),
): ReadonlyMap<string, string> {
  const isTree = typeof value === "object" && value !== null && !isListOfPlain(value);
  if (!isTree) return found.set(path, JSON.stringify(value));
  for (const [key, below] of Object.entries(value))
    leaves(below, path === "" ? key : `${path}.${key}`, found);
  return found;
}

function isListOfPlain(value: object): boolean {
  return Array.isArray(value) && value.every((element) => typeof element !== "object" || element === null);
}

/** JSON with sorted keys, which the original leaves as they were; both sides cut long text, each in its own way. */
export function sorted(text: string): string {
  try {
    return canonicalJson(JSON.parse(text) as JsonValue);
  } catch {
    return "cut";
  }
}

interface Transcript {
  readonly agent_path: string;
  readonly conversation_item_ids: readonly string[];
}

export function itemNames(threads: readonly Transcript[]): ReadonlyMap<string, string> {
  return new Map(
    threads.flatMap((t) =>
      t.conversation_item_ids.map((id, index) => [id, `${t.agent_path}[${index}]`] as const),
    ),
  );
}

export function name(names: ReadonlyMap<string, string>, id: string | null): string | null {
  return id === null ? null : (names.get(id) ?? `unknown ${id}`);
}

export function anchorName(type: string, id: string | undefined, items: ReadonlyMap<string, string>): string {
  return type === "conversation_item" ? `item ${name(items, id ?? "") ?? ""}` : `${type} ${id ?? ""}`;
}

export function mapped<Entry>(
  objects: Readonly<Record<string, Entry>>,
  map: (entry: Entry) => object,
): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(objects).map(([id, entry]) => [id, map(entry)]));
}

export function renamedKeys<Entry>(
  objects: Readonly<Record<string, Entry>>,
  key: (entry: Entry) => string | null,
  map: (entry: Entry) => object,
): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.values(objects).map((entry) => [key(entry) ?? "", map(entry)]));
}

interface Kind {
  readonly type: string;
  readonly name?: string;
  readonly server?: string;
  readonly tool?: string;
}

/** Code mode's own two tools have kinds of their own here; the original dispatches them by name. */
export function kindName(kind: Kind): string {
  if (kind.type === "code_cell_exec") return "other exec";
  if (kind.type === "code_cell_wait") return "other wait";
  return [kind.type, kind.name, kind.server, kind.tool].filter((word) => word !== undefined).join(" ");
}

interface Usage {
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_output_tokens: number;
}

export function usageOf(usage: Usage): object {
  return {
    input: usage.input_tokens,
    cached: usage.cached_input_tokens,
    output: usage.output_tokens,
    reasoning: usage.reasoning_output_tokens,
  };
}

interface Result {
  readonly exit_code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly formatted_output: string | null;
}

export function resultOf(result: Result): object {
  const { exit_code, stdout, stderr, formatted_output } = result;
  return { exit_code, stdout, stderr, formatted_output };
}
