/** Graphs that say two things that cannot both be true, though every link of theirs leads somewhere and back. */
import { describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import {
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { type Breaking, type Broken, there, violationsOf } from "./broken-graphs.ts";
import { reduce } from "./support.ts";

const CELL = "cell:root:x";
const OPERATION = "terminal_operation:1";

/** A cell with all that is told of one, calls that were shown, a command, a compaction, two odd items, and what nothing ended. */
function told(): RolloutBuilder {
  const rollout = new RolloutBuilder();
  rollout.child("child").turn("left");
  const turn = rollout.root.turn("turn");
  const asked = [execCall("x", "notify('n')"), functionCall("c", "f", {}), functionCall("d", "f", {})];
  turn.request([userMessage("hi"), { type: "odd" }]).respond(asked);
  const exec = turn.tool("x", { kind: { type: "code_cell_exec" } });
  const cell = turn.cell("1", "x").respond("yielded").notify("x", "n");
  exec.end();
  cell.wait("w1").waited("w1", "yielded").wait("w2");
  turn.tool("w", { kind: { type: "code_cell_wait" }, input: { cell_id: "1" }, callId: "w" }).end();
  cell.cancel("host").waited("w2", "terminated").end("terminated");
  turn.cell("2", "y");
  turn.tool("c").end();
  turn.tool("d").end();
  const begin = { type: "exec_command_begin", command: ["ls"], cwd: "/", process_id: "7" };
  turn
    .tool("command", { host: true, kind: { type: "exec_command" } })
    .runtimeStart(begin)
    .end();
  const outputs = [
    execOutput("x", "done"),
    functionOutput("c", "shown"),
    functionOutput("d", "in other words"),
  ];
  const history = [userMessage("hi"), { type: "odd" }, ...asked, ...outputs];
  turn.request([...history, { type: "odder" }]);
  turn.request([...history.with(-1, functionOutput("d", "short")), { type: "odder" }]);
  turn.compact("k", { input: history, replacement: [userMessage("in short")] });
  const item = rollout.payload("protocol_event", userMessage("accepted"));
  turn.event({ type: "history_item_accepted", item_id: "m1", item });
  turn.end();
  rollout.end();
  return rollout;
}

const cellOf = (graph: Broken) => there(graph.code_cells[CELL]);
const itemOf = (graph: Broken, kind: string) =>
  there(Object.values(graph.conversation_items).find((item) => item.kind === kind));
const acceptedOf = (graph: Broken) =>
  there(Object.values(graph.conversation_items).find(({ accepted }) => accepted !== null));
const twice = (list: unknown[]) => list.push(list[0]);

const MOMENT = `code_cell ${CELL}: an event that told of it is not in its evidence`;
const TWICE = `code_cell ${CELL}: it has a wait, a yield or a notification twice`;
const OUTCOME = `code_cell ${CELL}: the status and the outcome of a wait disagree`;

const RUNTIME: readonly Breaking[] = [
  [
    "a cell that ended otherwise than its runtime says",
    (graph) => (cellOf(graph).execution.status = "completed"),
    `code_cell ${CELL}: its status and its runtime_status disagree`,
  ],
  [
    "a wait that failed and got something",
    (graph) => (there(cellOf(graph).waits[0]).execution.status = "failed"),
    OUTCOME,
  ],
  [
    "a wait that got something and was closed",
    (graph) => (there(cellOf(graph).waits[0]).execution.end_cause = "cell_ended"),
    OUTCOME,
  ],
  [
    "a wait that ended and came to nothing",
    (graph) => (there(cellOf(graph).waits[0]).outcome = null),
    OUTCOME,
  ],
  [
    "a wait that failed with a call that did not",
    (graph) =>
      (there(cellOf(graph).waits.find(({ wait_id }) => wait_id === null)).execution.status = "failed"),
    `code_cell ${CELL}: a wait does not last as long as its call "w", which is all that tells of it`,
  ],
  ["a wait twice", (graph) => twice(cellOf(graph).waits), TWICE],
  ["a yield twice", (graph) => twice(cellOf(graph).yields), TWICE],
  ["a notification twice", (graph) => twice(cellOf(graph).notifications), TWICE],
  [
    "a yield at an event that tells of something else",
    (graph) => (there(cellOf(graph).yields[0]).seq = 1),
    MOMENT,
  ],
  ["a notification at such an event", (graph) => (there(cellOf(graph).notifications[0]).seq = 1), MOMENT],
  ["a first response at such an event", (graph) => (there(cellOf(graph).initial_response).seq = 1), MOMENT],
  ["a cancellation at such an event", (graph) => (there(cellOf(graph).cancellation).seq = 1), MOMENT],
  [
    "a wait since such an event",
    (graph) => (there(cellOf(graph).waits[0]).execution.started_seq = 1),
    MOMENT,
  ],
  [
    "a command that was written",
    (graph) => (there(graph.terminal_operations[OPERATION]).kind = "write_stdin"),
    `terminal_operation ${OPERATION}: its request is of another kind`,
  ],
  [
    "a process that was there before its command",
    (graph) => (there(graph.terminal_sessions["7"]).execution.started_seq = 1),
    "terminal_session 7: it did not begin with the operation that created it",
  ],
  [
    "more bytes than an output has",
    (graph) => (there(graph.tool_calls["c"]).visibility.to_model_bytes = 6),
    "tool_call c: other bytes of it were shown than its outputs have",
  ],
  [
    "fewer bytes than an output has",
    (graph) => (there(graph.tool_calls["c"]).visibility.to_model_bytes = 4),
    "tool_call c: other bytes of it were shown than its outputs have",
  ],
  [
    "more bytes than all words of an output have",
    (graph) => (there(graph.tool_calls["d"]).visibility.to_model_bytes = 20),
    "tool_call d: other bytes of it were shown than its outputs have",
  ],
];

const CONVERSATION: readonly Breaking[] = [
  [
    "an output that a user gave",
    (graph) => (itemOf(graph, "function_call_output").role = "user"),
    "conversation_item item:7: its role is not that of its kind",
  ],
  [
    "a marker of no compaction",
    (graph) => (itemOf(graph, "message").kind = "compaction_marker"),
    "conversation_item item:1: it is the marker of no compaction",
  ],
  [
    "an item that one thing made twice",
    (graph) => twice(itemOf(graph, "function_call_output").produced_by),
    "conversation_item item:7: its produced_by has a producer twice",
  ],
  [
    "an item that was accepted at an event that tells of something else",
    (graph) => (there(acceptedOf(graph).accepted).seq = 1),
    "conversation_item item:13: the event that accepted it is not in its evidence",
  ],
  [
    "a compaction that was installed at such an event",
    (graph) => (there(graph.compactions["k"]).installed_seq = 1),
    "compaction k: the event that installed it is not in its evidence",
  ],
];

const ROLLOUT: readonly Breaking[] = [
  [
    "a graph of another version",
    (graph) => ((graph as { schema_version: number }).schema_version = 2),
    "rollout rollout-1: its schema_version is another",
  ],
  [
    "an id that has nothing to do with what was recorded",
    (graph) => (there(graph.turns["turn"]).recorded_id = "tur"),
    "turn turn: its id is not made of what was recorded",
  ],
  [
    "a warning that is an error",
    (graph) => (there(graph.diagnostics[0]).severity = "error"),
    "conversation_item item:2: its diagnostic unknown_item_type is of another severity",
  ],
  [
    "diagnostics that are not in order",
    (graph) => graph.diagnostics.reverse(),
    "conversation_item item:2: its diagnostic unknown_item_type is not in the order of events",
  ],
  [
    "a finding twice",
    (graph) => graph.findings.push(...graph.findings),
    "tool_call w: its finding tool_result_never_seen is there twice",
  ],
  [
    "what the end of the rollout completed",
    (graph) => (there(graph.turns["left"]).execution.status = "completed"),
    "turn left: it was closed by rollout_ended, and is completed",
  ],
  [
    "what was closed by the end of the rollout before that",
    (graph) => (there(graph.turns["left"]).execution.ended_at_us = there(graph.ended_at_us) - 1),
    "turn left: it was closed by rollout_ended before that",
  ],
  [
    "what a recording that stopped has closed, in a rollout that ended",
    (graph) => (there(graph.turns["left"]).execution.end_cause = "recording_stopped"),
    "turn left: it was closed by recording_stopped, which did not end the rollout",
  ],
  [
    "what the end of the rollout has closed, where something else was closed by a recording that stopped",
    (graph) => {
      graph.status = "aborted";
      there(graph.threads["root"]).execution.end_cause = "recording_stopped";
    },
    "turn left: it was closed by rollout_ended, which did not end the rollout",
  ],
];

describe("the check of a graph that says one thing", () => {
  it("finds nothing", () => {
    expect(violationsOf(told(), () => {})).toEqual([]);
  });

  it.each([...RUNTIME, ...CONVERSATION, ...ROLLOUT])("finds %s", (_, breakIt, found) => {
    expect(violationsOf(told(), breakIt)).toContain(found);
  });
});

describe("the check of what is no graph", () => {
  it.each<[string, (graph: Broken) => unknown]>([
    ["a kind that there is not", (graph) => Object.assign(itemOf(graph, "message"), { kind: "poem" })],
    ["no evidence", (graph) => Object.assign(cellOf(graph), { evidence: null })],
    ["no window", (graph) => Object.assign(there(graph.turns["turn"]), { execution: null })],
    ["no collection", (graph) => Object.assign(graph, { tool_calls: undefined })],
    ["a diagnostic that is none", (graph) => Object.assign(graph, { diagnostics: [null] })],
  ])("says so of %s, and throws nothing", (_, breakIt) => {
    expect(violationsOf(told(), breakIt).length).toBeGreaterThan(0);
  });

  it("says so of an edge of a kind that there is not", () => {
    const rollout = new RolloutBuilder();
    rollout.child("a");
    const call = rollout.root.turn().tool("m", { host: true, kind: { type: "close_agent" } });
    call.interact("close_agent", "a").interacted("close_agent", "a").end();
    const found = violationsOf(rollout, (graph) =>
      Object.assign(there(Object.values(graph.interaction_edges)[0]), { kind: "hug" }),
    );
    expect(found).toEqual([expect.stringContaining("rollout rollout-1: it has not the shape of a graph: ")]);
    expect(checkGraph(reduce(rollout))).toEqual([]);
  });
});
