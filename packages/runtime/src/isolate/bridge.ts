/**
 * What crosses the isolate boundary, in both directions: strings, numbers and booleans only. The guest's half is the
 * prelude, the host's half is `cell-isolate.ts`; nothing else may talk through it.
 */
import type { CellLimitName } from "@rollout-trace/protocol";

/** Guest to host. The letters are positional arguments of one call: each is copied by itself, and absent ones cost nothing. */
export type Post = (kind: PostKind, a?: string | number, b?: string | number, c?: string, d?: string) => void;

export type PostKind =
  /** Says nothing: the first message through a callback takes longer, so one is sent ahead of time. */
  | "rehearsal"
  /** a: text */
  | "text"
  /** a: URL, b: detail */
  | "image"
  /** a: call number, b: index into the toolset, c: input as JSON, absent without input, d: stack, in a replay */
  | "call"
  /** a: text */
  | "notify"
  /** a: timer id, b: milliseconds */
  | "timer_set"
  /** a: timer id */
  | "timer_clear"
  | "yield"
  /** a: clock reads, comma separated */
  | "clock"
  /** The script is over, successfully. a: writes */
  | "done"
  /** A timer callback threw. a: error text, b: writes */
  | "fail"
  /** a: `CellLimitName` */
  | "limit";

/**
 * Where a guest waits that has posted much: it knocks, and waits until the count in the buffer, an `Int32Array` of one
 * element, goes up. The host lets it through in a later turn of its own loop, so that no flood is all that the loop does.
 */
export interface Gate {
  readonly knock: () => void;
  readonly opened: SharedArrayBuffer;
}

/** Host to guest, one call per turn. `flush` returns the writes; the other kinds return nothing. */
export type Deliver = (id: number, payload: string, kind?: DeliverKind) => string | undefined;

/** Without a kind: id: call number, payload: the result as JSON. */
export type DeliverKind =
  /** id: call number, payload: the error's text */
  | "error"
  /** id: timer id */
  | "timer"
  /** payload: the session's stored values; delivered at most once, before the script runs */
  | "store"
  /** Asks for the writes of a script that failed. */
  | "flush";

/** What the prelude is told when it is installed. */
export interface PreludeConfig {
  readonly tools: readonly PreludeTool[];
  readonly seed: number;
  /** Whether the prelude is compiled now rather than when a script first needs it. */
  readonly rehearsed: boolean;
  /** Null unless the script was run before and is to see the same clock again. */
  readonly replay: { readonly clockReads: readonly number[] } | null;
  readonly outputBytes: number;
  readonly pendingToolCalls: number;
  readonly pendingInputChars: number;
  readonly timers: number;
  readonly clockReads: number;
  readonly messageOverheadBytes: number;
  readonly notifyOverheadBytes: number;
  readonly barrierMessages: number;
  readonly barrierChars: number;
}

export interface PreludeTool {
  readonly identifier: string;
  readonly description: string;
  readonly freeform: boolean;
}

/** The limits that the guest itself notices. */
export type GuestLimit = Extract<CellLimitName, "output" | "pending_tool_calls" | "timers">;

const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** Stored values cross the boundary as a JSON array of alternating keys and values, the values being JSON text again; none
 * of them as the empty text. */
export function encodeStored(values: ReadonlyMap<string, string>): string {
  return values.size === 0 ? "" : JSON.stringify([...values].flat());
}

/** The reverse of `encodeStored`. The text comes from a guest: anything that is not a pair of strings is left out. */
export function decodeStored(text: string): ReadonlyMap<string, string> {
  if (text === "") return NO_VALUES;
  const flat: unknown = JSON.parse(text);
  const values = new Map<string, string>();
  if (!Array.isArray(flat)) return values;
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const key: unknown = flat[index];
    const json: unknown = flat[index + 1];
    if (typeof key === "string" && typeof json === "string") values.set(key, json);
  }
  return values;
}
