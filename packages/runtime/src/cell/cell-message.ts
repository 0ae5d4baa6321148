/** What a cell's actor reacts to. Control requests outrank data, so that no flood of data holds them up. */
import type { CancelCause, CellLimitName } from "@rollout-trace/protocol";
import type { DeliveredResult, IsolateEvent } from "../isolate/cell-isolate.ts";
import type { Observer } from "./cell-state.ts";

export type ControlMessage =
  | { readonly type: "observe"; readonly observer: Observer }
  /** The observer went away. */
  | { readonly type: "unobserve"; readonly id: number }
  | { readonly type: "deadline_passed"; readonly id: number }
  | {
      readonly type: "terminate";
      readonly requester: Observer;
      readonly cause: CancelCause;
      readonly toolCallId: string | null;
    }
  /** A limit that the host noticed. */
  | { readonly type: "limit_exceeded"; readonly limit: CellLimitName };

export type DataMessage =
  | IsolateEvent
  | { readonly type: "tool_answered"; readonly callId: string; readonly result: DeliveredResult }
  /** Isolate and callbacks are done with. */
  | { readonly type: "stopped" };

export type CellMessage = ControlMessage | DataMessage;

/** A nested call as the script asked for it. */
export interface CalledTool {
  readonly callId: string;
  readonly toolIndex: number;
  /** JSON; undefined without input. */
  readonly inputJson: string | undefined;
}
