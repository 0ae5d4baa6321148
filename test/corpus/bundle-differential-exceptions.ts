/**
 * Where this reducer deliberately says something else than the original: per bundle, object and field, with the reason.
 * A difference that is not listed fails the differential test, and so does an entry that no longer is a difference.
 */
import type { SameItems } from "./bundle-differential-shape.ts";

export interface Deliberate {
  readonly reason: string;
  /** `kind.object.field` of the comparable shape. */
  readonly fields: readonly string[];
}

const SESSION_ENDS =
  "A terminal session ends with its process; the original leaves all of them running, even after the rollout.";
const SEEN_THROUGH_CELL =
  "The model sees a nested command through the output of its cell; the original observes only direct calls.";
const CALL_ENDS_FIRST =
  "An operation ends when its call returns; a command that outlives its call ends with its session, not its operation.";
const FORMATTED_TEXT =
  "The text that a write hands to the model is no stdout, and its error text no output; the original copies one into the other.";
const NOTHING_LEFT_RUNNING =
  "Nothing is left running in what has ended: a call open when its cell or turn is cut off ends there, cancelled.";
const CALLS_OF_THE_PARENT =
  "Call ids are scoped to their thread: a fork's copy of a call of its parent is neither a use nor an output of it.";
const PRODUCED_BY_EDGE = "An item that carries a message between agents names the edge that brought it.";
const MARKER_CHANNEL = "A compaction marker stands in the summary channel; the original gives it none.";
const INSTALLED_NOT_ACCEPTED =
  "A replacement item came in by the compaction; the original gives it the acceptance of the item that it repeats.";
const NO_RESPONSE =
  "A cell that was cut off before it answered has no first response; the original sets one at the cut.";
const ORDER_OF_RESPONSE =
  "The tool calls of a response stand in the order of the response, not of their dispatch.";
const START_OF_EVENTS =
  "A rollout starts with its first event; the original takes the manifest's time, a moment earlier.";

export const DELIBERATE: Readonly<Record<string, readonly Deliberate[]>> = {
  "0.142.5-code": [
    {
      reason: SEEN_THROUGH_CELL,
      fields: [
        "terminal_operations.exec-d368bee3-5125-4046-9c92-f2fb9dfb64aa.observed",
        "terminal_operations.exec-ebedac58-1080-4eee-9774-4239e5019dce.observed",
        "terminal_operations.exec-fee99388-1cbb-4698-b245-c80a107b8fd0.observed",
      ],
    },
    {
      reason: CALL_ENDS_FIRST,
      fields: ["terminal_operations.exec-ebedac58-1080-4eee-9774-4239e5019dce.window"],
    },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.exec-d368bee3-5125-4046-9c92-f2fb9dfb64aa.window",
        "terminal_sessions.exec-ebedac58-1080-4eee-9774-4239e5019dce.window",
        "terminal_sessions.exec-fee99388-1cbb-4698-b245-c80a107b8fd0.window",
      ],
    },
  ],
  "0.142.5-compact": [
    { reason: MARKER_CHANNEL, fields: ["items./root[9].channel"] },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.call_1.window",
        "terminal_sessions.call_2.window",
        "terminal_sessions.call_3.window",
      ],
    },
  ],
  "0.142.5-direct": [
    { reason: CALL_ENDS_FIRST, fields: ["terminal_operations.call_5.window"] },
    {
      reason: FORMATTED_TEXT,
      fields: ["terminal_operations.call_6.result", "terminal_operations.call_7.result"],
    },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.call_3.window",
        "terminal_sessions.call_4.window",
        "terminal_sessions.call_5.window",
      ],
    },
  ],
  "0.142.5-multi2": [
    { reason: ORDER_OF_RESPONSE, fields: ["inference_calls.89bea2e1-23b2-4d52-b1a6-d2f7a27bf2f3.tools"] },
    {
      reason: PRODUCED_BY_EDGE,
      fields: [
        "items./root/builder[4].produced_by",
        "items./root/scout[4].produced_by",
        "items./root/scout[7].produced_by",
        "items./root/scout[9].produced_by",
        "items./root[16].produced_by",
        "items./root[19].produced_by",
        "items./root[24].produced_by",
      ],
    },
    {
      reason: CALL_ENDS_FIRST,
      fields: ["terminal_operations.call_4.window", "terminal_operations.call_7.window"],
    },
    { reason: SESSION_ENDS, fields: ["terminal_sessions.call_4.window", "terminal_sessions.call_7.window"] },
  ],
  "0.169.0-cm_nested": [
    {
      reason: SEEN_THROUGH_CELL,
      fields: [
        "terminal_operations.exec-940ca5fc-50f2-43ef-bc90-de4d9dc28a38.observed",
        "terminal_operations.exec-cc9ba02d-7b86-4ed1-93eb-c6f840272d10.observed",
        "terminal_operations.exec-e0eadd28-78f4-44f6-ba23-d6d7b7c7dfb7.observed",
        "terminal_operations.exec-e768405b-0d12-4958-810f-53e69892c5b1.observed",
        "terminal_operations.exec-fac69e15-8380-4f9b-912c-b20329398289.observed",
      ],
    },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.exec-940ca5fc-50f2-43ef-bc90-de4d9dc28a38.window",
        "terminal_sessions.exec-cc9ba02d-7b86-4ed1-93eb-c6f840272d10.window",
        "terminal_sessions.exec-e0eadd28-78f4-44f6-ba23-d6d7b7c7dfb7.window",
        "terminal_sessions.exec-e768405b-0d12-4958-810f-53e69892c5b1.window",
        "terminal_sessions.exec-fac69e15-8380-4f9b-912c-b20329398289.window",
      ],
    },
  ],
  "0.169.0-cm_terminate": [
    { reason: NOTHING_LEFT_RUNNING, fields: ["tool_calls.exec-7b36d0b2-4a47-4d3b-a6ac-fbf4a5c7df18.window"] },
  ],
  "0.169.0-code": [
    {
      reason: SEEN_THROUGH_CELL,
      fields: [
        "terminal_operations.exec-276103fc-e3d2-4126-b46b-26c2d875d2b8.observed",
        "terminal_operations.exec-780c031b-a834-4c4d-89ae-f9aafd48d42f.observed",
        "terminal_operations.exec-a83f610c-2c9d-4b89-bc0d-5a333b95dd47.observed",
      ],
    },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.exec-276103fc-e3d2-4126-b46b-26c2d875d2b8.window",
        "terminal_sessions.exec-780c031b-a834-4c4d-89ae-f9aafd48d42f.window",
        "terminal_sessions.exec-a83f610c-2c9d-4b89-bc0d-5a333b95dd47.window",
      ],
    },
  ],
  "0.169.0-compact": [
    { reason: MARKER_CHANNEL, fields: ["items./root[10].channel"] },
    { reason: INSTALLED_NOT_ACCEPTED, fields: ["items./root[13].accepted"] },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.call_1.window",
        "terminal_sessions.call_2.window",
        "terminal_sessions.call_3.window",
      ],
    },
  ],
  "0.169.0-compact_remote": [
    { reason: INSTALLED_NOT_ACCEPTED, fields: ["items./root[10].accepted"] },
    { reason: MARKER_CHANNEL, fields: ["items./root[7].channel"] },
    { reason: SESSION_ENDS, fields: ["terminal_sessions.call_1.window", "terminal_sessions.call_2.window"] },
  ],
  "0.169.0-direct": [
    { reason: CALL_ENDS_FIRST, fields: ["terminal_operations.call_5.window"] },
    {
      reason: FORMATTED_TEXT,
      fields: ["terminal_operations.call_6.result", "terminal_operations.call_7.result"],
    },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.call_3.window",
        "terminal_sessions.call_4.window",
        "terminal_sessions.call_5.window",
      ],
    },
  ],
  "0.169.0-fail": [{ reason: SESSION_ENDS, fields: ["terminal_sessions.call_1.window"] }],
  "0.169.0-interrupt_tool": [
    { reason: NO_RESPONSE, fields: ["code_cells.call_1.initial"] },
    { reason: SESSION_ENDS, fields: ["terminal_sessions.exec-8933bff4-f5da-4163-9628-25c12265552a.window"] },
    {
      reason: NOTHING_LEFT_RUNNING,
      fields: ["tool_calls.call_1.window", "tool_calls.exec-8933bff4-f5da-4163-9628-25c12265552a.window"],
    },
  ],
  "0.169.0-ma_v2": [
    { reason: NO_RESPONSE, fields: ["code_cells.call_wb1.initial"] },
    {
      reason: PRODUCED_BY_EDGE,
      fields: [
        "items./root/worker_a[0].produced_by",
        "items./root/worker_a[10].produced_by",
        "items./root/worker_a[7].produced_by",
        "items./root/worker_b[0].produced_by",
        "items./root[16].produced_by",
        "items./root[21].produced_by",
      ],
    },
    {
      reason: CALLS_OF_THE_PARENT,
      fields: [
        "items./root/worker_b[10].produced_by",
        "items./root/worker_b[11].produced_by",
        "tool_calls.call_spawn_a.call_items",
        "tool_calls.call_spawn_a.output_items",
        "tool_calls.call_spawn_b.call_items",
        "tool_calls.call_spawn_b.output_items",
      ],
    },
    {
      reason: SEEN_THROUGH_CELL,
      fields: ["terminal_operations.exec-d724622e-a655-4399-88df-88a5cb5c0d6a.observed"],
    },
    {
      reason: CALL_ENDS_FIRST,
      fields: ["terminal_operations.exec-d724622e-a655-4399-88df-88a5cb5c0d6a.window"],
    },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.exec-689cfcf8-3e72-4a65-a5e6-2c8f38a0b5e4.window",
        "terminal_sessions.exec-d724622e-a655-4399-88df-88a5cb5c0d6a.window",
      ],
    },
    {
      reason: NOTHING_LEFT_RUNNING,
      fields: ["tool_calls.call_wb1.window", "tool_calls.exec-689cfcf8-3e72-4a65-a5e6-2c8f38a0b5e4.window"],
    },
  ],
  "0.169.0-multi": [
    {
      reason: PRODUCED_BY_EDGE,
      fields: [
        "items./root/builder[0].produced_by",
        "items./root/scout[0].produced_by",
        "items./root/scout[10].produced_by",
        "items./root/scout[7].produced_by",
        "items./root[16].produced_by",
        "items./root[17].produced_by",
        "items./root[24].produced_by",
      ],
    },
    {
      reason: SEEN_THROUGH_CELL,
      fields: [
        "terminal_operations.exec-3cc27db2-8552-4da6-8bc8-24a9721d4873.observed",
        "terminal_operations.exec-b80a7e04-01dc-4191-a6ff-5fb37fced48f.observed",
      ],
    },
    {
      reason: CALL_ENDS_FIRST,
      fields: ["terminal_operations.exec-b80a7e04-01dc-4191-a6ff-5fb37fced48f.window"],
    },
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.exec-3cc27db2-8552-4da6-8bc8-24a9721d4873.window",
        "terminal_sessions.exec-b80a7e04-01dc-4191-a6ff-5fb37fced48f.window",
      ],
    },
  ],
  "0.169.0-shell": [
    {
      reason: SESSION_ENDS,
      fields: [
        "terminal_sessions.call_big.window",
        "terminal_sessions.call_fail.window",
        "terminal_sessions.call_ok.window",
      ],
    },
  ],
  "0.169.0-write_stdin": [
    { reason: START_OF_EVENTS, fields: ["rollout.rollout.started"] },
    {
      reason: FORMATTED_TEXT,
      fields: [
        "terminal_operations.call_dead.result",
        "terminal_operations.call_poll.result",
        "terminal_operations.call_quit.result",
        "terminal_operations.call_w1.result",
      ],
    },
    { reason: CALL_ENDS_FIRST, fields: ["terminal_operations.call_start.window"] },
    { reason: SESSION_ENDS, fields: ["terminal_sessions.call_start.window"] },
  ],
};

/**
 * Items that the original makes anew after a compaction, although the provider's id and the text are those of an item that
 * the thread already has (the host's own first message, sent with every request).
 */
export const SAME_ITEMS: Readonly<Record<string, SameItems>> = {
  "0.169.0-compact": { "conversation_item:16": "conversation_item:1" },
  "0.169.0-compact_remote": { "conversation_item:13": "conversation_item:1" },
};
