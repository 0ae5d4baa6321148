/**
 * Runs a recorded cell again, without a host: the same source with the random numbers, the clock and the deliveries of its
 * journal. Says where the script first asks for something else than it did then.
 */
import {
  canonicalJson,
  type CellDelivery,
  type CellJournal,
  type CellLimits,
  type ContentItem,
  type JsonValue,
  type NestedCallResult,
  type ToolDefinition,
  type ToolName,
} from "@rollout-trace/protocol";
import { encodeStored } from "./bridge.ts";
import { CellIsolate, type DeliveredResult, type IsolateEvent, type ScriptOutcome } from "./cell-isolate.ts";
import { IsolateBox } from "./isolate-box.ts";
import { limitErrorText, type ResolvedLimits, resolveLimits } from "./limits.ts";
import { RecordedTimers } from "./timers.ts";
import { type Toolset, Toolsets } from "./toolset.ts";
import { keepLoopsInterruptible } from "./v8-flags.ts";

export interface ReplayRequest {
  readonly source: string;
  readonly enabledTools: readonly ToolDefinition[];
  readonly journal: CellJournal;
  /** The nested calls of the recorded run, in the order of asking. */
  readonly calls: readonly RecordedCall[];
  /** What `load` found at the cell's start. Default: nothing. */
  readonly storedValues?: ReadonlyMap<string, JsonValue> | undefined;
  readonly limits?: CellLimits | undefined;
  /** Milliseconds after which a script that goes on running is stopped. Default 10 000. */
  readonly timeoutMs?: number | undefined;
}

export interface ReplayedCall {
  readonly toolName: ToolName;
  /** Absent when the script passed nothing. */
  readonly input?: JsonValue | undefined;
}

export interface RecordedCall extends ReplayedCall {
  readonly runtimeToolCallId: string;
  /** What the script got; null when it got nothing. */
  readonly result: NestedCallResult | null;
}

export type ReplayOutcome =
  /** The script did what it did then, and ended. */
  | {
      readonly type: "ended";
      readonly outcome: ScriptOutcome;
      readonly contentItems: readonly ContentItem[];
      /** What the script stored, which its session keeps whether it completed or failed; absent when it stored nothing. */
      readonly storedValues?: ReadonlyMap<string, JsonValue> | undefined;
    }
  /** The script did what it did then, as far as the recording goes or the time allows. */
  | { readonly type: "unfinished"; readonly contentItems: readonly ContentItem[] }
  /** The first difference: the timer that fired next then is not set. */
  | {
      readonly type: "timer_missing";
      readonly timerId: number;
      readonly contentItems: readonly ContentItem[];
    }
  /** The first difference. `expected` is null for a call too many, `actual` for one that was never made. */
  | {
      readonly type: "diverged";
      readonly expected: ReplayedCall | null;
      readonly actual: ReplayedCall | null;
      /** The line of the script that made the actual call. */
      readonly line: number | null;
      readonly contentItems: readonly ContentItem[];
    };

/** As long as a cell may run before it yields, unless it is told otherwise. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Throws `invalid_request` for limits out of range. Sets the V8 flag that `InProcessSessionProvider` sets. */
export async function replayCell(request: ReplayRequest): Promise<ReplayOutcome> {
  keepLoopsInterruptible();
  const limits = resolveLimits(request.limits);
  const toolset = new Toolsets().of(request.enabledTools);
  const replay = new Replay(request, toolset, limits);
  return await replay.run();
}

class Replay {
  readonly #request: ReplayRequest;
  readonly #toolset: Toolset;
  readonly #limits: ResolvedLimits;
  readonly #box: IsolateBox;
  readonly #isolate: CellIsolate;
  readonly #done = Promise.withResolvers<ReplayOutcome>();
  readonly #items: ContentItem[] = [];
  readonly #timers = new RecordedTimers();
  /** Positions in `calls`. */
  readonly #positions: ReadonlyMap<string, number>;
  /** How many of the recorded calls were made. */
  #made = 0;
  /** How many of the journal's deliveries were handed over. */
  #delivered = 0;

  constructor(request: ReplayRequest, toolset: Toolset, limits: ResolvedLimits) {
    this.#request = request;
    this.#toolset = toolset;
    this.#limits = limits;
    this.#positions = new Map(
      request.calls.map(({ runtimeToolCallId }, index) => [runtimeToolCallId, index]),
    );
    this.#box = new IsolateBox(toolset, limits, { replayed: request.journal });
    const heard = (event: IsolateEvent): void => {
      this.#heard(event);
    };
    this.#isolate = new CellIsolate(this.#box, heard, this.#timers);
  }

  async run(): Promise<ReplayOutcome> {
    const { source, storedValues, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#request;
    const timer = setTimeout(() => {
      this.#unfinished();
    }, timeoutMs);
    const stored = new Map([...(storedValues ?? [])].map(([key, value]) => [key, JSON.stringify(value)]));
    this.#isolate.follow(this.#box.run(source, encodeStored(stored)));
    const outcome = await this.#done.promise;
    clearTimeout(timer);
    await this.#isolate.stop(() => {});
    return outcome;
  }

  #heard(event: IsolateEvent): void {
    switch (event.type) {
      case "output":
        this.#items.push(event.item);
        return;
      case "tool_called":
        this.#compare(event);
        return;
      case "idle":
        this.#deliverNext();
        return;
      case "settled":
        this.#ended(event.outcome, event.writes);
        return;
      case "limit_passed":
        this.#ended({ type: "failed", errorText: limitErrorText(event.limit, this.#limits) });
        return;
      case "timer_due":
      case "yield_requested":
      case "notified":
        return;
    }
  }

  #compare(event: Extract<IsolateEvent, { type: "tool_called" }>): void {
    const expected = this.#request.calls[this.#made];
    this.#made += 1;
    const toolName = this.#toolset.tools[event.toolIndex]?.tool.toolName ?? { name: "" };
    const { inputJson } = event;
    const actual = {
      toolName,
      ...(inputJson === undefined ? {} : { input: JSON.parse(inputJson) as JsonValue }),
    };
    if (expected === undefined && this.#request.journal.truncated === true) this.#unfinished();
    else if (expected === undefined || !sameCall(expected, actual)) {
      this.#diverged(expected ?? null, actual, event.line);
    }
  }

  #deliverNext(): void {
    const delivery = this.#request.journal.deliveries[this.#delivered];
    if (delivery === undefined) {
      this.#unfinished();
      return;
    }
    this.#delivered += 1;
    if (delivery.type === "timer") this.#deliverTimer(delivery.timer_id);
    else this.#deliverResult(delivery);
  }

  #deliverTimer(timerId: number): void {
    if (this.#timers.fire(timerId)) this.#isolate.deliver({ type: "timer", timerId });
    else this.#done.resolve({ type: "timer_missing", timerId, contentItems: this.#items });
  }

  #deliverResult({ runtime_tool_call_id: callId }: Extract<CellDelivery, { type: "tool_result" }>): void {
    const index = this.#positions.get(callId) ?? -1;
    const recorded = this.#request.calls[index];
    if (recorded === undefined) this.#unfinished();
    else if (index >= this.#made) this.#diverged(recorded, null, null);
    else this.#isolate.deliver({ type: "tool_result", callId, result: deliveredResult(recorded.result) });
  }

  #ended(outcome: ScriptOutcome, writes: ReadonlyMap<string, string> = new Map()): void {
    const missing = this.#request.calls[this.#made];
    if (missing !== undefined) {
      this.#diverged(missing, null, null);
      return;
    }
    const storedValues = new Map([...writes].map(([key, json]) => [key, JSON.parse(json) as JsonValue]));
    const ended = { type: "ended", outcome, contentItems: this.#items } as const;
    this.#done.resolve(storedValues.size === 0 ? ended : { ...ended, storedValues });
  }

  #unfinished(): void {
    this.#done.resolve({ type: "unfinished", contentItems: this.#items });
  }

  #diverged(expected: ReplayedCall | null, actual: ReplayedCall | null, line: number | null): void {
    this.#done.resolve({
      type: "diverged",
      expected: expected === null ? null : plainCall(expected),
      actual,
      line,
      contentItems: this.#items,
    });
  }
}

function sameCall(left: ReplayedCall, right: ReplayedCall): boolean {
  return callText(left) === callText(right);
}

function callText({ toolName, input }: ReplayedCall): string {
  const { namespace = null, name } = toolName;
  return canonicalJson([namespace, name, input === undefined ? [] : [input]]);
}

function plainCall({ toolName, input }: ReplayedCall): ReplayedCall {
  return { toolName, ...(input === undefined ? {} : { input }) };
}

function deliveredResult(result: NestedCallResult | null): DeliveredResult {
  if (result === null) return { ok: false, error: "the recorded run got no result" };
  if (result.type === "error") return { ok: false, error: result.error };
  return { ok: true, json: JSON.stringify(result.value) };
}
