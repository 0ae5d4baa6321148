import { describe, expect, it } from "vitest";
import type { Evidence, ExecutionWindow } from "@rollout-trace/reducer";
import {
  assistantMessage,
  execCall,
  execOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { type Breaking, type Open, there, violationsOf } from "./broken-graphs.ts";

/** Agents that are spawned, told something and closed, a cell with all that it may have, a command, an interrupted turn. */
function busy(): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn("asked");
  for (const child of ["a", "b"]) {
    const spawn = turn.tool(`spawn-${child}`, { host: true, kind: { type: "spawn_agent" } });
    spawn.interact("spawn_agent", child, "go");
    rollout.child(child);
    spawn.interacted("spawn_agent", child).end();
  }
  for (const kind of ["send_message", "close_agent"] as const) {
    turn
      .tool(kind, { host: true, kind: { type: kind } })
      .interact(kind, "a", "lost")
      .interacted(kind, "a")
      .end();
  }
  const exec = execCall("x1", "await tools.a()");
  const usage = { usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } };
  turn.request([userMessage("hi")]).respond([exec], { usage });
  const call = turn.tool("x1", { kind: { type: "code_cell_exec" } });
  const cell = turn.cell("1", "x1", "await tools.a()");
  turn.tool("nested", { cell: "1" }).end();
  cell.respond("yielded").notify("x1", "shown");
  call.end();
  cell.wait("w1").waited("w1", "completed");
  turn.tool("wait", { kind: { type: "code_cell_wait" }, input: { cell_id: "1" } }).end();
  cell.end();
  const begin = { type: "exec_command_begin", command: ["ls"], cwd: "/", process_id: "7" };
  turn
    .tool("command", { host: true, kind: { type: "exec_command" } })
    .runtimeStart(begin)
    .end();
  const history = [userMessage("hi"), exec, execOutput("x1", "shown")];
  turn.request(history).respond([assistantMessage("done")]);
  turn.compact("k", {
    input: [...history, assistantMessage("done")],
    replacement: [userMessage("in short")],
  });
  turn.end();
  const other = rollout.root.turn("interrupted");
  other.tool("cut", { host: true });
  other.cell("2", "x2", "await forever()");
  other.end("cancelled");
  rollout.root.end();
  rollout.end().complete();
  return rollout;
}

interface Lasting {
  readonly execution: ExecutionWindow;
  readonly evidence: Evidence;
}

const CELL = "cell:root:x1";
const OPERATION = "terminal_operation:1";
const SPAWN = "edge:spawn:root:a";

/** Makes something end after everything else. */
function endLate(entry: Open<Lasting> | undefined): void {
  const { execution, evidence } = there(entry);
  const end = { ended_at_us: 10 ** 16, ended_seq: 1000, status: "completed", end_cause: "observed" };
  Object.assign(execution, end);
  evidence.seqs.push(1000);
}

const WINDOWS: readonly Breaking[] = [
  [
    "a turn that ended after its thread",
    (graph) => endLate(graph.turns["asked"]),
    'turn asked: it began in thread "root" and ended after it',
  ],
  [
    "a request that ended after its turn",
    (graph) => endLate(graph.inference_calls["inference-1"]),
    'inference_call inference-1: it began in turn "asked" and ended after it',
  ],
  [
    "a request that ended after its thread",
    (graph) => endLate(graph.inference_calls["inference-1"]),
    'inference_call inference-1: it began in thread "root" and ended after it',
  ],
  [
    "a nested call that ended after its cell",
    (graph) => endLate(graph.tool_calls["nested"]),
    `tool_call nested: it began in code_cell "${CELL}" and ended after it`,
  ],
  [
    "a call that ended after the turn that it was interrupted with",
    (graph) => endLate(graph.tool_calls["cut"]),
    'tool_call cut: it began in turn "interrupted" and ended after it',
  ],
  [
    "a call that ended after its thread",
    (graph) => endLate(graph.tool_calls["command"]),
    'tool_call command: it began in thread "root" and ended after it',
  ],
  [
    "a cell that ended after the turn that it was interrupted with",
    (graph) => endLate(graph.code_cells["cell:root:x2"]),
    'code_cell cell:root:x2: it began in turn "interrupted" and ended after it',
  ],
  [
    "a cell that ended after its thread",
    (graph) => endLate(graph.code_cells[CELL]),
    `code_cell ${CELL}: it began in thread "root" and ended after it`,
  ],
  [
    "an operation that ended after its call",
    (graph) => endLate(graph.terminal_operations[OPERATION]),
    `terminal_operation ${OPERATION}: it began in tool_call "command" and ended after it`,
  ],
  [
    "an operation that was closed after its call was",
    (graph) => {
      endLate(graph.terminal_operations[OPERATION]);
      there(graph.terminal_operations[OPERATION]).execution.end_cause = "thread_ended";
      there(graph.tool_calls["command"]).execution.end_cause = "turn_ended";
    },
    `terminal_operation ${OPERATION}: it began in tool_call "command" and ended after it`,
  ],
  [
    "a wait that is running in a rollout that is over",
    (graph) => {
      const running = { ended_at_us: null, ended_seq: null, status: "running", end_cause: null };
      Object.assign(there(graph.code_cells[CELL]?.waits[0]).execution, running);
    },
    `code_cell ${CELL}: it is running in a rollout that is over`,
  ],
  [
    "a status without the event that it ended with",
    (graph) => (there(graph.turns["asked"]).execution.ended_seq = null),
    "turn asked: status and ended_seq disagree",
  ],
  [
    "a status without the time that it ended at",
    (graph) => (there(graph.turns["asked"]).execution.ended_at_us = null),
    "turn asked: status and ended_at_us disagree",
  ],
  [
    "a status without what ended it",
    (graph) => (there(graph.turns["asked"]).execution.end_cause = null),
    "turn asked: status and end_cause disagree",
  ],
  [
    "an end by an event before the start",
    (graph) => (there(graph.turns["asked"]).execution.ended_seq = 1),
    "turn asked: it ended before it started",
  ],
  [
    "an end at a time before the start",
    (graph) => (there(graph.turns["asked"]).execution.ended_at_us = 1),
    "turn asked: it ended at a time before it started",
  ],
];

const EVIDENCE: readonly Breaking[] = [
  [
    "an end without evidence",
    (graph) => there(graph.turns["asked"]).evidence.seqs.pop(),
    "turn asked: its window is not in its evidence",
  ],
  [
    "events that are not in order",
    (graph) => there(graph.turns["asked"]).evidence.seqs.reverse(),
    "turn asked: its evidence is not in order",
  ],
  [
    "a payload twice",
    (graph) => there(graph.conversation_items["item:1"]).evidence.payload_ids.push("payload-1", "payload-1"),
    "conversation_item item:1: its evidence repeats a payload",
  ],
  [
    "a payload that is evidence of nothing",
    (graph) => (there(graph.inference_calls["inference-1"]).evidence.payload_ids = []),
    'inference_call inference-1: its request_payload_id names payload "payload-1", which is not in its evidence',
  ],
];

const CALLS: readonly Breaking[] = [
  [
    "an item of another call",
    (graph) => there(graph.tool_calls["wait"]).output_item_ids.push("item:3"),
    'tool_call wait: item "item:3" is of another call',
  ],
  [
    "a nested call that goes back to something else than its cell",
    (graph) => (there(graph.tool_calls["nested"]).caused_by = null),
    "tool_call nested: caused_by is not that of its cell",
  ],
  [
    "an output that its call does not have",
    (graph) => {
      there(graph.tool_calls["x1"]).output_item_ids = [];
      there(graph.conversation_items["item:3"]).produced_by = [];
    },
    "tool_call x1: output_item_ids are not the outputs with its call id",
  ],
  [
    "an output that its cell does not have",
    (graph) => {
      there(graph.code_cells[CELL]).output_item_ids = [];
      there(graph.conversation_items["item:3"]).produced_by = [];
    },
    `code_cell ${CELL}: output_item_ids are not the outputs with its call id`,
  ],
  [
    "an exec call that its cell does not have",
    (graph) => {
      there(graph.code_cells[CELL]).exec_tool_call_id = null;
      there(graph.tool_calls["x1"]).code_cell_id = null;
    },
    `code_cell ${CELL}: exec_tool_call_id is not the call with its call id`,
  ],
  [
    "a call in the turn of another thread",
    (graph) => (there(graph.turns["asked"]).thread_id = "a"),
    "tool_call nested: its turn is of another thread",
  ],
  [
    "two notifications in one item",
    (graph) => graph.code_cells[CELL]?.notifications.push(...graph.code_cells[CELL].notifications),
    `code_cell ${CELL}: it notified in item "item:3", which is no output of it or another notification`,
  ],
  [
    "a wait with another call id than its call",
    (graph) => (there(graph.code_cells[CELL]?.waits[1]).model_visible_call_id = "bogus"),
    `code_cell ${CELL}: a wait has another call id than its call "wait"`,
  ],
  [
    "a wait that lasts longer than the call that alone tells of it",
    (graph) => {
      const wait = there(graph.code_cells[CELL]?.waits[1]);
      wait.execution = { ...wait.execution, ended_seq: 1000 };
    },
    `code_cell ${CELL}: a wait does not last as long as its call "wait", which is all that tells of it`,
  ],
];

const CONVERSATION: readonly Breaking[] = [
  [
    "a list that repeats an id",
    (graph) => there(graph.turns["asked"]).inference_call_ids.push("inference-1"),
    "turn asked: its inference_call_ids repeats an id",
  ],
  [
    "a request that repeats an item",
    (graph) => there(graph.inference_calls["inference-1"]).request.item_ids.push("item:1"),
    "inference_call inference-1: its request repeats an item",
  ],
  [
    "a request that continues one of another thread",
    (graph) => (there(graph.inference_calls["inference-1"]).thread_id = "a"),
    "inference_call inference-2: its base is of another thread",
  ],
  [
    "a request that continues a later one",
    (graph) => (there(graph.inference_calls["inference-1"]).execution.started_seq = 1000),
    "inference_call inference-2: its base is not before it",
  ],
  [
    "an item that came from nowhere",
    (graph) => {
      there(graph.inference_calls["inference-2"]).request.item_ids = [];
      there(graph.compactions["k"]).input_item_ids = [];
    },
    "conversation_item item:3: nothing carried it",
  ],
  [
    "a marker of what was never installed",
    (graph) => (there(graph.compactions["k"]).installed_seq = null),
    "compaction k: only what was installed has a marker",
  ],
  [
    "a marker that is something else",
    (graph) => (there(graph.conversation_items["item:5"]).kind = "message"),
    "compaction k: its marker is an item of another kind",
  ],
  [
    "tokens of a model that no response came from",
    (graph) => (graph.usage.by_model["bogus"] = graph.usage.total),
    'rollout rollout-1: no response of model "bogus" has a usage',
  ],
  [
    "tokens of a thread that no response came to",
    (graph) => (graph.usage.by_thread["a"] = graph.usage.total),
    'rollout rollout-1: no response in thread "a" has a usage',
  ],
  [
    "tokens of a thread that there is not",
    (graph) => (graph.usage.by_thread["bogus"] = graph.usage.total),
    'rollout rollout-1: its usage names thread "bogus", which there is not',
  ],
  [
    "tokens of a turn that there is not",
    (graph) => (graph.usage.by_turn["bogus"] = graph.usage.total),
    'rollout rollout-1: its usage names turn "bogus", which there is not',
  ],
  [
    "other tokens of a turn than the turn has",
    (graph) => (graph.usage.by_turn = {}),
    "turn asked: its usage is not that of by_turn",
  ],
];

const EDGES: readonly Breaking[] = [
  [
    "an interaction that is running in a rollout that is over",
    (graph) => Object.assign(there(graph.interaction_edges[SPAWN]), { ended_at_us: null, status: "running" }),
    `interaction_edge ${SPAWN}: it is running in a rollout that is over`,
  ],
  [
    "an interaction that completed at no time",
    (graph) => (there(graph.interaction_edges[SPAWN]).ended_at_us = null),
    `interaction_edge ${SPAWN}: status and end disagree`,
  ],
  [
    "an interaction that ended before it started",
    (graph) => (there(graph.interaction_edges[SPAWN]).ended_at_us = 0),
    `interaction_edge ${SPAWN}: it ended at a time before it started`,
  ],
  [
    "a spawn by a thread",
    (graph) => (there(graph.interaction_edges[SPAWN]).source = { type: "thread", id: "root" }),
    `interaction_edge ${SPAWN}: it leads from a thread`,
  ],
  [
    "a message that arrived in no item",
    (graph) =>
      (there(graph.interaction_edges["edge:tool:send_message"]).target = { type: "thread", id: "a" }),
    "interaction_edge edge:tool:send_message: it leads to a thread",
  ],
  [
    "an end of no thread",
    (graph) => (there(graph.interaction_edges["edge:tool:close_agent"]).target = null),
    "interaction_edge edge:tool:close_agent: it closes nothing",
  ],
  [
    "a message that went nowhere, without the finding that says so",
    (graph) => (graph.findings = []),
    "interaction_edge edge:tool:send_message: its target and its finding disagree",
  ],
  [
    "an item that was carried and arrived nowhere",
    (graph) => there(graph.interaction_edges[SPAWN]).carried_item_ids.push("item:1"),
    `interaction_edge ${SPAWN}: it carries another item than arrived`,
  ],
  [
    "a thread that names the edge that spawned another",
    (graph) => Object.assign(there(graph.threads["a"]).origin, { spawn_edge_id: "edge:spawn:root:b" }),
    "thread a: its spawn edge does not lead from its parent to it",
  ],
];

describe("the check of a graph with everything in its place", () => {
  it("finds nothing", () => {
    expect(violationsOf(busy(), () => {})).toEqual([]);
  });

  it("lets a command end on its own after its call was closed", () => {
    const violations = violationsOf(busy(), (graph) => {
      endLate(graph.terminal_operations[OPERATION]);
      there(graph.tool_calls["command"]).execution.end_cause = "thread_ended";
    });
    expect(violations).toEqual([]);
  });

  it.each([...WINDOWS, ...EVIDENCE, ...CALLS, ...CONVERSATION, ...EDGES])("finds %s", (_, breakIt, found) => {
    expect(violationsOf(busy(), breakIt)).toContain(found);
  });
});
