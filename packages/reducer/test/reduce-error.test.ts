import { describe, expect, it } from "vitest";
import { createReducer, type Diagnostic, ReduceError } from "@rollout-trace/reducer";
import { MemoryPayloads, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { reduce, reduceLeniently } from "./support.ts";

/** What is thrown has these of the diagnostic, and nothing that a reader would have to take out of the words. */
type Fields = Pick<Diagnostic, "code" | "seq" | "message" | "object">;

function thrownBy(run: () => unknown): ReduceError {
  try {
    run();
  } catch (error) {
    if (error instanceof ReduceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function fieldsOf({ code, seq, message, object }: ReduceError | Diagnostic): Omit<Fields, "code"> & {
  readonly code: string;
} {
  return { code, seq, message, object };
}

const exec = { kind: { type: "exec_command" }, label: "exec_command", host: true } as const;
const write = { kind: { type: "write_stdin" }, label: "write_stdin", host: true } as const;

/** Recordings with one error each, and what of it strict mode says. */
const RECORDINGS: readonly [string, (rollout: RolloutBuilder) => void, Partial<Fields>][] = [
  [
    "an event that is none",
    (rollout) => rollout.event({ type: "thread_ended", thread_id: "root", status: "sleeping" }),
    { code: "invalid_event", seq: 3, object: null },
  ],
  [
    "a second end",
    (rollout) => rollout.root.turn().end().end("failed"),
    { code: "duplicate_end", seq: 5, object: { type: "turn", id: "turn-1" } },
  ],
  [
    "a thread that never started",
    (rollout) => rollout.event({ type: "thread_ended", thread_id: "gone", status: "failed" }),
    { code: "unknown_reference", seq: 3, object: { type: "thread", id: "gone" } },
  ],
  [
    "a payload that is not there",
    (rollout) => {
      rollout.root.turn().request([userMessage("hi")]);
      rollout.payloads.clear();
    },
    { code: "missing_payload", seq: 4, object: { type: "payload", id: "payload-1" } },
  ],
  [
    "an end whose start never comes, which only the end of the input shows",
    (rollout) => {
      const event = { type: "tool_call_ended", tool_call_id: "c1", status: "completed" };
      rollout.root.turn().event(event).end();
    },
    { code: "unknown_reference", seq: 4, object: null },
  ],
  [
    "a write to another process than it named, which only the end of the input shows",
    (rollout) => {
      const turn = rollout.root.turn();
      turn.tool("c1", exec).runtimeStart({ type: "exec_command_begin", command: ["sh"], process_id: "7" });
      turn.tool("w1", { ...write, input: { session_id: 8, chars: "y" } });
      turn.event({ type: "stdin_target_resolved", tool_call_id: "w1", exec_tool_call_id: "c1" });
    },
    { code: "call_id_conflict", seq: 7, object: { type: "tool_call", id: "w1" } },
  ],
];

describe("what strict mode throws", () => {
  it.each(RECORDINGS)(
    "has the code, the event, the object and the words of the diagnostic: %s",
    (_what, record, wanted) => {
      const rollout = new RolloutBuilder();
      record(rollout);
      const error = thrownBy(() => reduce(rollout));
      const [first] = reduceLeniently(rollout).diagnostics.filter(({ severity }) => severity === "error");
      expect(error).toMatchObject({ name: "ReduceError", ...wanted });
      expect(error.message).not.toBe("");
      expect([fieldsOf(error)]).toEqual(first === undefined ? [] : [fieldsOf(first)]);
    },
  );

  it("has no event and no object where there is none", () => {
    const strict = createReducer({ payloads: new MemoryPayloads(new Map()), mode: "strict" });
    expect(thrownBy(() => strict.finish())).toMatchObject({
      code: "missing_rollout_start",
      seq: null,
      object: null,
    });
    const over = createReducer({ payloads: new MemoryPayloads(new Map()) });
    over.finish();
    expect(fieldsOf(thrownBy(() => over.report({ where: "line 1", message: "cut off" })))).toEqual({
      code: "reducer_finished",
      seq: null,
      message: "the reducer has finished",
      object: null,
    });
  });
});
