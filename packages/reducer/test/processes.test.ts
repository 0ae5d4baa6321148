import { describe, expect, it } from "vitest";
import {
  checkGraph,
  createReducer,
  graphJson,
  type ReducerCheckpoint,
  reduceRollout,
  resumeReducer,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import {
  memorySource,
  RolloutBuilder,
  type ToolCallBuilder,
  type TurnBuilder,
} from "@rollout-trace/reducer/testing";
import { processorTimeRatio } from "../../../test/support/processor-time.ts";
import { ordersOf, withoutOrder } from "./reordering.ts";
import { reduce, reduceLeniently } from "./support.ts";

const exec = { kind: { type: "exec_command" }, label: "exec_command", host: true } as const;
const write = { kind: { type: "write_stdin" }, label: "write_stdin", host: true } as const;
const input = { session_id: 7, chars: "y" };

const begin = (process_id: string | null) => ({
  type: "exec_command_begin",
  command: ["sh"],
  cwd: "/",
  process_id,
});
const end = (process_id: string | null, exit_code: number | null) => ({
  type: "exec_command_end",
  stdout: "",
  stderr: "",
  process_id,
  exit_code,
});
const returned = (value: { readonly [field: string]: string | number }) => ({
  result: { type: "code_mode", value: { output: "", ...value } },
});

/** The call that opened the session of another call. */
function openerOf(graph: RolloutGraph, callId: string): string | null {
  const operation = graph.terminal_operations[graph.tool_calls[callId]?.terminal_operation_id ?? ""];
  const session = graph.terminal_sessions[operation?.terminal_session_id ?? ""];
  return graph.terminal_operations[session?.created_by_operation_id ?? ""]?.tool_call_id ?? null;
}

/** What a reducer gives that is saved, resumed and looked at after every event; `looked` are the graphs that were seen. */
function reduceInSteps(rollout: RolloutBuilder): { graph: RolloutGraph; looked: RolloutGraph[] } {
  const { payloads } = rollout.source();
  const looked: RolloutGraph[] = [];
  let reducer = createReducer({ payloads, mode: "strict" });
  for (const event of rollout.events) {
    reducer.apply(event);
    looked.push(reducer.snapshot());
    reducer = resumeReducer(JSON.parse(JSON.stringify(reducer.save())) as ReducerCheckpoint, { payloads });
  }
  return { graph: reducer.finish(), looked };
}

describe("a write to the process of another thread", () => {
  /** Threads `a` and `b` start commands, and `c` writes; then the ids of processes become known in the order of `names`. */
  const record = (names: readonly ("a" | "b" | "c")[], idOfB = "7") => {
    const rollout = new RolloutBuilder();
    const turns = {
      a: rollout.child("a").turn(),
      b: rollout.child("b").turn(),
      c: rollout.child("c").turn(),
    };
    const calls = {
      a: turns.a.tool("ca", exec).id,
      b: turns.b.tool("cb", exec).id,
      c: turns.c.tool("w", write).id,
    };
    const told = { a: begin("7"), b: begin(idOfB), c: { type: "write_stdin_begin", process_id: "7" } };
    for (const name of names) {
      const runtime = rollout.payload("tool_runtime_event", told[name], `told of ${name}`);
      turns[name].event({ type: "tool_call_runtime_started", tool_call_id: calls[name], runtime });
    }
    return rollout;
  };

  it("went to none that is known where a third has that process id too, whenever that shows", () => {
    const graphs = ordersOf(["a", "b", "c"] as const).map((names) => reduce(record(names)));
    expect(graphs.map((graph) => openerOf(graph, "w"))).toEqual(Array(6).fill(null));
    expect(graphs.flatMap((graph) => Object.values(graph.terminal_sessions))).toHaveLength(12);
    expect(new Set(graphs.map((graph) => withoutOrder(graph))).size).toBe(1);
  });

  it("went to the only one that has that process id, whenever that shows", () => {
    const graphs = ordersOf(["a", "b", "c"] as const).map((names) => reduce(record(names, "8")));
    expect(graphs.map((graph) => openerOf(graph, "w"))).toEqual(Array(6).fill("ca"));
    expect(new Set(graphs.map((graph) => withoutOrder(graph))).size).toBe(1);
    expect(graphs.flatMap((graph) => checkGraph(graph))).toEqual([]);
  });

  it("is shown as far as it is known to whoever looks while it is recorded, and found again after a resumption", () => {
    for (const names of ordersOf(["a", "b", "c"] as const)) {
      const rollout = record(names);
      const { graph, looked } = reduceInSteps(rollout);
      expect(graphJson(graph)).toBe(graphJson(reduce(rollout)));
      const cuts = rollout.events.map((_event, index) => rollout.events.slice(0, index + 1));
      expect(looked.map((each) => graphJson(each))).toEqual(
        cuts.map((events) =>
          graphJson(reduceRollout(memorySource("cut", { events, payloads: rollout.payloads }))),
        ),
      );
    }
  });

  it("did not go to one that started after it", () => {
    const rollout = new RolloutBuilder();
    const [a, b] = [rollout.child("a").turn(), rollout.child("b").turn()];
    a.tool("ca", exec).runtimeStart(begin("7"));
    rollout.root.turn().tool("w", { ...write, input });
    b.tool("cb", exec).runtimeStart(begin("7"));
    expect(openerOf(reduce(rollout), "w")).toBe("ca");
  });

  it("went to the latest that its thread had started, and not to another's, whichever was named first", () => {
    const start = () => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const other = rollout.child("a").turn().tool("ca", exec);
      const [first, second] = [turn.tool("c1", exec), turn.tool("c2", exec)];
      turn.tool("w", { ...write, input });
      return { rollout, commands: [first, second, other] };
    };
    const openers = ordersOf([0, 1, 2]).map((order) => {
      const { rollout, commands } = start();
      for (const index of order) commands[index]?.runtimeStart(begin("7"));
      return openerOf(reduce(rollout), "w");
    });
    expect(openers).toEqual(Array(6).fill("c2"));
  });

  it("to what no command is known to have started is in a session of its own thread", () => {
    const rollout = new RolloutBuilder();
    for (const id of ["a", "b"]) {
      const turn = rollout.child(id).turn();
      turn.tool(`early-${id}`, { ...write, input });
      const sure = turn.tool(`sure-${id}`, write);
      sure.runtimeStart({ type: "write_stdin_begin", stdin: "y", process_id: 7 });
    }
    rollout.root.turn().tool("w", { ...write, input });
    const graph = reduce(rollout);
    const openers = ["early-a", "early-b", "w"].map((id) => openerOf(graph, id));
    expect(openers).toEqual(["sure-a", "sure-b", null]);
    expect(Object.keys(graph.terminal_sessions)).toEqual(["7", "7#2"]);
  });

  it("is listed after the writes of its thread, and with the threads in their order", () => {
    const rollout = new RolloutBuilder();
    const turns = ["a", "b", "c"].map((id) => rollout.child(id).turn());
    turns[1]?.tool("command", exec).runtimeStart(begin("7"));
    for (const index of [2, 0, 1, 2])
      turns[index]?.tool(`w${index}-${rollout.next("w")}`, { ...write, input });
    const { terminal_sessions: sessions, terminal_operations: operations } = reduce(rollout);
    const calls = sessions["7"]?.operation_ids.map((id) => operations[id]?.tool_call_id);
    expect(calls).toEqual(["command", "w1-w-3", "w0-w-2", "w2-w-1", "w2-w-4"]);
  });

  it("costs about as much for each event where ten times as many threads write to as many processes", () => {
    const crowd = (threads: number): RolloutBuilder => {
      const rollout = new RolloutBuilder();
      const turns = Array.from({ length: threads }, (_none, index) => rollout.child(`t${index}`).turn());
      const commands = turns.slice(0, threads / 2).map((turn, index) => turn.tool(`c${index}`, exec));
      for (const [index, turn] of turns.entries()) turn.tool(`w${index}`, { ...write, input });
      for (const command of commands) command.runtimeStart(begin("7")).runtimeEnd(end("7", 0));
      for (const turn of turns) turn.thread.end().resume();
      rollout.end().complete();
      return rollout;
    };
    const [few, many] = [crowd(300), crowd(3000)];
    // Work for each write that grew with the threads would make this a hundred.
    const bound = 40;
    const ratio = processorTimeRatio({
      small: () => reduceRollout(few.source()),
      large: () => reduceRollout(many.source()),
      bound,
    });
    expect(ratio).toBeLessThan(bound);
  });
});

describe("what is told of a process before its id is known", () => {
  const record = (tell: (turn: TurnBuilder, command: ToolCallBuilder) => void) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const command = turn.tool("c1", exec).runtimeStart(begin(null));
    tell(turn, command);
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    return graph.terminal_sessions["7"];
  };
  const OVER = { status: "completed", end_cause: "observed", ended_seq: 7 };

  it("by a write that saw it exit ends its session then", () => {
    const session = record((turn, command) => {
      turn.tool("w1", { ...write, input }).end("completed", returned({ exit_code: 0 }));
      command.runtimeEnd(end("7", null));
    });
    expect(session).toMatchObject({ execution: OVER, evidence: { seqs: [6, 7, 8] } });
  });

  it("by the runtime, which does not name it, ends its session then", () => {
    const session = record((_turn, command) => {
      command.runtimeEnd(end(null, 0)).end("completed", returned({ session_id: 7 }));
    });
    expect(session).toMatchObject({ execution: { ...OVER, ended_seq: 6 }, evidence: { seqs: [6, 7] } });
  });
});

describe("the end of a process that several threads tell of", () => {
  const record = (order: readonly ("own" | "b" | "c")[]) => {
    const rollout = new RolloutBuilder();
    const command = rollout.root.turn().tool("c1", exec).runtimeStart(begin("7"));
    const writes = {
      b: rollout
        .child("b")
        .turn()
        .tool("wb", { ...write, input }),
      c: rollout
        .child("c")
        .turn()
        .tool("wc", { ...write, input }),
    };
    for (const each of order) {
      if (each === "own") command.runtimeEnd(end("7", 1), "cancelled");
      else writes[each].end(each === "b" ? "failed" : "completed", returned({ exit_code: 1 }));
    }
    return reduce(rollout).terminal_sessions["7"]?.execution.status;
  };

  it("is what its own thread says, else the worst, whichever was recorded first", () => {
    expect(ordersOf(["own", "b", "c"] as const).map(record)).toEqual(Array(6).fill("cancelled"));
    expect(ordersOf(["b", "c"] as const).map(record)).toEqual(["failed", "failed"]);
  });

  it("is known from all other threads that say the same", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("c1", exec).runtimeStart(begin("7"));
    for (const id of ["b", "c"]) {
      const call = rollout
        .child(id)
        .turn()
        .tool(`w-${id}`, { ...write, input });
      call.end("completed", returned({ exit_code: 0 }));
    }
    const ends = rollout.events.filter(({ payload }) => payload.type === "tool_call_ended");
    const { execution, evidence } = reduce(rollout).terminal_sessions["7"] ?? {};
    expect(execution).toMatchObject({ status: "completed", ended_seq: ends[0]?.seq });
    expect(evidence?.seqs).toEqual(expect.arrayContaining(ends.map(({ seq }) => seq)));
  });
});

describe("the exit of another process than the operation's", () => {
  const record = (tell: (write: ToolCallBuilder, command: ToolCallBuilder) => void) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const command = turn.tool("c1", exec).runtimeStart(begin("7"));
    tell(turn.tool("w1", { ...write, input }), command);
    const graph = reduceLeniently(rollout);
    expect(graph.diagnostics.map(({ code }) => code)).toEqual(["call_id_conflict"]);
    expect(checkGraph(graph)).toEqual([]);
    return graph.terminal_sessions["7"];
  };

  it("that what a write returned tells of does not end its session", () => {
    const session = record((each) => each.end("completed", returned({ session_id: 8, exit_code: 0 })));
    expect(session?.execution.status).toBe("running");
  });

  it("that the runtime tells of does not end its session", () => {
    const session = record((_write, command) => command.runtimeEnd(end("8", 0)));
    expect(session?.execution.status).toBe("running");
  });
});

describe("a call that the runtime turns into a write", () => {
  const become = { kind: { type: "write_stdin" } } as const;
  const UNREADABLE = "not there";

  it("is a write at its end too, where what the runtime began with cannot be read", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).runtimeStart(begin("7"));
    const call = turn.tool("w1", { kind: { type: "other", name: "shell" }, label: "shell", host: true });
    const runtime = { payload_id: UNREADABLE, kind: "tool_runtime_event" };
    turn.event({ type: "tool_call_runtime_started", tool_call_id: "w1", ...become, runtime });
    call.runtimeEnd({ type: "write_stdin_end", process_id: "7", stdin: "y", exit_code: 0 });
    const graph = reduceLeniently(rollout);
    expect(graph.diagnostics.map(({ code }) => code)).toEqual(["missing_payload"]);
    expect(Object.keys(graph.terminal_sessions)).toEqual(["7"]);
    expect(graph.terminal_sessions["7"]?.execution.status).toBe("completed");
    expect(graph.terminal_operations["terminal_operation:2"]).toMatchObject({
      kind: "write_stdin",
      request: { type: "write_stdin", stdin: "y" },
      terminal_session_id: "7",
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is one by what the runtime says of its end alone", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).runtimeStart(begin("7"));
    turn.tool("w1", exec).runtimeEnd({ type: "write_stdin_end", process_id: "7", stdin: "y" });
    expect(openerOf(reduce(rollout), "w1")).toBe("c1");
  });
});

describe("a session of a thread that was resumed", () => {
  it("ended with its thread where it had begun before that, whenever it is told of", () => {
    const rollout = new RolloutBuilder();
    const command = rollout.root.turn().tool("c1", exec).runtimeStart(begin(null));
    rollout.root.end("failed").resume();
    const endedSeq = rollout.events.length - 1;
    rollout.root.turn().tool("c2", exec).runtimeStart(begin("8"));
    command.runtimeEnd(end("7", 0));
    const graph = reduce(rollout);
    expect(graph.terminal_sessions["7"]?.execution).toMatchObject({
      status: "failed",
      end_cause: "thread_ended",
      ended_seq: endedSeq,
    });
    expect(graph.terminal_sessions["8"]?.execution.status).toBe("running");
  });
});

describe("the command that the host says a write went to", () => {
  it("is of another process than the write named, which is an error whatever is known first", () => {
    const facts = [
      { type: "exec", id: "c0", process: "7" },
      { type: "exec", id: "c1", process: "8" },
      { type: "target" },
    ] as const;
    for (const order of ordersOf(facts)) {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const commands = { c0: turn.tool("c0", exec), c1: turn.tool("c1", exec) };
      turn.tool("w", { ...write, input });
      for (const fact of order) {
        if (fact.type === "exec") commands[fact.id].runtimeStart(begin(fact.process));
        else turn.event({ type: "stdin_target_resolved", tool_call_id: "w", exec_tool_call_id: "c1" });
      }
      const graph = reduceLeniently(rollout);
      const last = order.findLastIndex((fact) => fact.type === "target" || fact.id === "c1");
      expect(openerOf(graph, "w")).toBe("c0");
      expect(graph.diagnostics).toMatchObject([
        { code: "call_id_conflict", seq: 7 + last, object: { type: "tool_call", id: "w" } },
      ]);
    }
  });

  it("is the first that it says", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (const id of ["c0", "c1"]) turn.tool(id, exec).runtimeStart(begin(id));
    turn.tool("w", write);
    for (const id of ["c0", "c1"])
      turn.event({ type: "stdin_target_resolved", tool_call_id: "w", exec_tool_call_id: id });
    const graph = reduceLeniently(rollout);
    expect(openerOf(graph, "w")).toBe("c0");
    expect(graph.diagnostics.map(({ code }) => code)).toEqual(["call_id_conflict"]);
  });
});
