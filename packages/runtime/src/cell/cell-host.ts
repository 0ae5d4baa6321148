/** What a cell needs of its session, and nothing more. */
import type {
  CellNotification,
  CodeModeSessionDelegate,
  JsonValue,
  NestedToolCall,
} from "@rollout-trace/protocol";
import type { Lost } from "../isolate/cell-isolate.ts";
import type { Cancellation } from "./cancellation.ts";

/** A nested call, its input as the script wrote it: where that only passes through, nobody parses it. */
export class AskedCall {
  readonly head: Omit<NestedToolCall, "input">;
  /** Undefined without input. */
  readonly inputJson: string | undefined;
  #whole: NestedToolCall | null = null;

  constructor(head: Omit<NestedToolCall, "input">, inputJson: string | undefined) {
    this.head = head;
    this.inputJson = inputJson;
  }

  /** Parsed once. */
  get whole(): NestedToolCall {
    return (this.#whole ??=
      this.inputJson === undefined
        ? this.head
        : { ...this.head, input: JSON.parse(this.inputJson) as JsonValue });
  }
}

/** Whoever runs what the cells of a session ask for. */
export interface CellDelegate {
  invokeTool(call: AskedCall, cancellation: Cancellation): Promise<JsonValue>;
  notify(notification: CellNotification, cancellation: Cancellation): Promise<void>;
  cellClosed(cellId: string): void;
}

/** The host's own, in this process. */
export function cellDelegate(delegate: CodeModeSessionDelegate): CellDelegate {
  return {
    invokeTool: (call, { signal }) => delegate.invokeTool(call.whole, signal),
    notify: (notification, { signal }) => delegate.notify(notification, signal),
    cellClosed: (cellId) => {
      delegate.cellClosed(cellId);
    },
  };
}

export interface CellHost {
  invokeTool(call: AskedCall, cancellation: Cancellation): Promise<JsonValue>;
  notify(notification: CellNotification, cancellation: Cancellation): Promise<void>;
  /** Why these writes cannot be merged, in words for the model; null when they can. */
  refusal(writes: ReadonlyMap<string, string>): string | null;
  /** Merges the writes of a script that settled into the session's stored values. */
  commit(writes: ReadonlyMap<string, string>): void;
  /** The cell's last response is out; called once. */
  closed(cellId: string): void;
  /** The cell ended, but its isolate could not be stopped in order. */
  isolateLost(cellId: string, how: Lost): void;
}

/** How long a delegate may take to answer once its cell is over. */
export interface CallbackGraces {
  /** Milliseconds that notifications of a completed cell may take before they are aborted. */
  readonly notifyDrainMs: number;
  /** Milliseconds that an aborted call or notification is still waited for. */
  readonly abortGraceMs: number;
}
