/** What a graph says that no link tells of: counts, order, what was seen, what closed what, findings. */
import { describe, expect, it } from "vitest";
import {
  assistantMessage,
  functionCall,
  functionOutput,
  execCall,
  execOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { type Breaking, there, violationsOf } from "./broken-graphs.ts";

const tokens = (n: number) => ({ usage: { input_tokens: n, output_tokens: 1, total_tokens: n + 1 } });
const RESULT = "edge:agent_result:child:answering:root";
const SPAWN = "edge:spawn:root:child";

/** Two agents that ask two models, a cell, calls that were seen and calls that were not, calls that were closed by all there is. */
function told({ isOver = true } = {}): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn("asking");
  const ask = functionCall("seen", "tool", {});
  const exec = execCall("x", "await tools.n()");
  turn.request([userMessage("hi")]).respond([ask, exec], tokens(1));
  turn.tool("seen").end("completed", { sizes: { produced_bytes: 9, to_requester_bytes: 5 } });
  const call = turn.tool("x", { kind: { type: "code_cell_exec" } });
  const cell = turn.cell("1", "x", "await tools.n()");
  turn.tool("nested", { cell: "1" }).end();
  turn.tool("left", { cell: "1" });
  cell.respond("completed").end();
  call.end();
  const spawn = turn.tool("spawn", { host: true, kind: { type: "spawn_agent" } });
  spawn.interact("spawn_agent", "child", "go");
  const child = rollout.child("child").turn("answering");
  spawn.interacted("spawn_agent", "child").end();
  child.request([userMessage("go")], { model: "model-2" }).respond([assistantMessage("gone")], tokens(10));
  child.event({
    type: "agent_result_observed",
    edge_id: RESULT,
    child_thread_id: "child",
    child_turn_id: "answering",
    parent_thread_id: "root",
    message: "gone",
  });
  child.end();
  const outputs = [functionOutput("seen", "shown"), execOutput("x", "done")];
  turn.request([userMessage("hi"), ask, exec, ...outputs, userMessage("gone")]).respond([], tokens(100));
  turn.compact("k", { input: [userMessage("hi"), ask, exec, ...outputs], replacement: [userMessage("so")] });
  turn.tool("unseen").end();
  const other = rollout.root.turn("cut");
  other.tool("cut", { host: true });
  other.end("cancelled");
  const last = rollout.root.turn("last");
  last.tool("open", { host: true });
  last.end();
  if (!isOver) return rollout;
  rollout.root.end();
  rollout.end().complete();
  return rollout;
}

const TOKENS: readonly Breaking[] = [
  [
    "a total that is not the sum over models",
    (graph) => (graph.usage.total.input_tokens += 1),
    "rollout rollout-1: its total usage is not the sum of by_model",
  ],
  [
    "a model that more is counted for",
    (graph) => (there(graph.usage.by_model["model-1"]).cached_input_tokens += 1),
    'rollout rollout-1: more tokens are counted of model "model-1" than its responses say',
  ],
  [
    "a thread that is missing",
    (graph) => delete graph.usage.by_thread["child"],
    "rollout rollout-1: its total usage is not the sum of by_thread",
  ],
  [
    "two threads that have each other's tokens",
    ({ usage }) =>
      (usage.by_thread = { root: there(usage.by_thread["child"]), child: there(usage.by_thread["root"]) }),
    'rollout rollout-1: more tokens are counted in thread "child" than its responses say',
  ],
  [
    "a turn that more is counted for",
    (graph) => {
      for (const usage of [
        there(graph.turns["asking"]?.usage ?? undefined),
        there(graph.usage.by_turn["asking"]),
      ])
        usage.output_tokens += 1;
    },
    "turn asking: more tokens are counted in it than its responses say",
  ],
  [
    "turns that not all is counted for",
    (graph) => {
      there(graph.turns["asking"]).usage = null;
      delete graph.usage.by_turn["asking"];
    },
    "rollout rollout-1: its total usage is not the sum of by_turn",
  ],
  [
    "less than no tokens",
    (graph) => (there(graph.inference_calls["inference-1"]?.usage ?? undefined).output_tokens = -1),
    "inference_call inference-1: its usage is not made of counts",
  ],
  [
    "less than no tokens in all",
    (graph) => (graph.usage.total.reasoning_output_tokens = -1),
    "rollout rollout-1: its usage is not made of counts",
  ],
];

const ORDER: readonly Breaking[] = [
  [
    "a request that has what was said later",
    (graph) => there(graph.inference_calls["inference-1"]).request.item_ids.push("item:6"),
    "inference_call inference-1: its request has a later item",
  ],
  [
    "a compaction of what was said later",
    (graph) => (there(graph.compactions["k"]).installed_seq = 5),
    "compaction k: it has a later item",
  ],
  [
    "a transcript in another order",
    (graph) => there(graph.threads["root"]).conversation_item_ids.reverse(),
    "thread root: its items are not in the order in which they were made",
  ],
  [
    "a turn that began before its thread",
    (graph) => (there(graph.turns["answering"]).execution.started_seq = 1),
    'turn answering: it began before thread "child", which it is in',
  ],
  [
    "a request that began before its turn",
    (graph) => (there(graph.inference_calls["inference-1"]).execution.started_seq = 1),
    'inference_call inference-1: it began before turn "asking", which it is in',
  ],
  [
    "a request that began before its thread",
    (graph) => (there(graph.inference_calls["inference-1"]).execution.started_seq = 1),
    'inference_call inference-1: it began before thread "root", which it is in',
  ],
  [
    "a call that began before its turn",
    (graph) => (there(graph.tool_calls["cut"]).execution.started_seq = 5),
    'tool_call cut: it began before turn "cut", which it is in',
  ],
  [
    "a cell that began before its thread",
    (graph) => (there(graph.code_cells["cell:root:x"]).execution.started_seq = 1),
    'code_cell cell:root:x: it began before thread "root", which it is in',
  ],
  [
    "a rollout that is over at no time",
    (graph) => (graph.ended_at_us = null),
    "rollout rollout-1: status and ended_at_us disagree",
  ],
  [
    "a rollout that is running and over",
    (graph) => (graph.status = "running"),
    "rollout rollout-1: status and ended_at_us disagree",
  ],
];

const SIGHT: readonly Breaking[] = [
  [
    "a call that was not seen and whose output was shown",
    (graph) => (there(graph.tool_calls["seen"]).visibility.seen_by_model = false),
    "tool_call seen: bytes of it were shown, and it was not seen",
  ],
  [
    "a call of which no bytes were shown and whose output was",
    (graph) => (there(graph.tool_calls["seen"]).visibility.to_model_bytes = null),
    "tool_call seen: an output of it was shown, and no bytes of it",
  ],
  [
    "a call whose bytes were shown and that has no output",
    (graph) => (there(graph.tool_calls["unseen"]).visibility.to_model_bytes = 0),
    "tool_call unseen: bytes of it were shown, and no output of it",
  ],
  [
    "a call that was seen and that has no output",
    (graph) => (there(graph.tool_calls["unseen"]).visibility.seen_by_model = true),
    "tool_call unseen: it was seen, and neither bytes of it nor an output of its cell were shown",
  ],
  [
    "a nested call that was seen where its cell has shown nothing",
    (graph) => {
      there(graph.code_cells["cell:root:x"]).output_item_ids = [];
    },
    "tool_call nested: it was seen, and neither bytes of it nor an output of its cell were shown",
  ],
];

const CLOSINGS: readonly Breaking[] = [
  [
    "a call that was closed by a cell and that no cell asked for",
    (graph) => (there(graph.tool_calls["cut"]).execution.end_cause = "cell_ended"),
    "tool_call cut: it was closed by cell_ended, and was in nothing that ended then",
  ],
  [
    "a nested call that was closed after its cell",
    (graph) => ((there(graph.tool_calls["left"]).execution.ended_seq as number) += 1),
    "tool_call left: it was closed by cell_ended, and was in nothing that ended then",
  ],
  [
    "a call that was closed by a turn and ended after it",
    (graph) => (there(graph.tool_calls["open"]).execution.end_cause = "turn_ended"),
    "tool_call open: it was closed by turn_ended, and was in nothing that ended then",
  ],
  [
    "a call that was closed by its thread, which it is not in",
    (graph) => (there(graph.tool_calls["open"]).thread_id = null),
    "tool_call open: it was closed by thread_ended, and was in nothing that ended then",
  ],
  [
    "a thread that was closed by a thread",
    (graph) => (there(graph.threads["child"]).execution.end_cause = "thread_ended"),
    "thread child: it was closed by thread_ended, and was in nothing that ended then",
  ],
  [
    "what the end of a rollout closed that is running",
    (graph) => Object.assign(graph, { status: "running", ended_at_us: null }),
    "thread child: it was closed by rollout_ended in a rollout that is running",
  ],
];

const EDGES: readonly Breaking[] = [
  [
    "a spawn from a call of another thread",
    (graph) => (there(graph.tool_calls["spawn"]).thread_id = "child"),
    `interaction_edge ${SPAWN}: its id is that of an edge between others`,
  ],
  [
    "a spawn from a call of no thread",
    (graph) => (there(graph.tool_calls["spawn"]).thread_id = null),
    `interaction_edge ${SPAWN}: its id is that of an edge between others`,
  ],
  [
    "a result that another thread got",
    (graph) => (there(graph.interaction_edges[RESULT]).target = { type: "conversation_item", id: "item:4" }),
    `interaction_edge ${RESULT}: its id is that of an edge between others`,
  ],
  [
    "a result that another thread said",
    (graph) => (there(graph.interaction_edges[RESULT]).source = { type: "conversation_item", id: "item:2" }),
    `interaction_edge ${RESULT}: it is the result of another thread`,
  ],
  [
    "a result that is another thread's",
    (graph) => (there(graph.interaction_edges[RESULT]).source = { type: "thread", id: "root" }),
    `interaction_edge ${RESULT}: it is the result of another thread`,
  ],
  [
    "a result that is what its agent was told",
    (graph) => (there(graph.interaction_edges[RESULT]).source = { type: "conversation_item", id: "item:4" }),
    `interaction_edge ${RESULT}: it is the result of what is no answer`,
  ],
];

const FINDINGS: readonly Breaking[] = [
  ["tool_result_never_seen", "tool_call", "seen"],
  ["tool_result_never_seen", "tool_call", "open"],
  ["tool_call_never_ended", "tool_call", "seen"],
  ["tool_call_never_ended", "tool_call", "left"],
  ["nested_call_not_awaited", "tool_call", "nested"],
  ["output_truncated", "tool_call", "nested"],
  ["cell_never_observed", "code_cell", "cell:root:x"],
  ["edge_never_delivered", "interaction_edge", SPAWN],
  ["repeated_identical_call", "thread", "root"],
].map(([code, type, id]): Breaking => [
  `the finding ${code} of ${id}, of which it is not true`,
  (graph) =>
    graph.findings.push({ code, object: { type, id }, message: "" } as (typeof graph.findings)[number]),
  `${type} ${id}: its finding ${code} is not true`,
]);

describe("the check of what a graph says", () => {
  it("finds nothing where all of it is so", () => {
    expect(violationsOf(told(), () => {})).toEqual([]);
    expect(violationsOf(told({ isOver: false }), () => {})).toEqual([]);
  });

  it.each([...TOKENS, ...ORDER, ...SIGHT, ...CLOSINGS, ...EDGES, ...FINDINGS])(
    "finds %s",
    (_, breakIt, found) => {
      expect(violationsOf(told(), breakIt)).toContain(found);
    },
  );

  it("lets sums differ that are too large to be exact", () => {
    const violations = violationsOf(told(), ({ usage, ...graph }) => {
      for (const of of [there(graph.inference_calls["inference-1"]?.usage ?? undefined), usage.total])
        of.input_tokens = 2 ** 60;
      for (const of of [usage.by_model["model-1"], usage.by_thread["root"], usage.by_turn["asking"]])
        there(of).input_tokens = 2 ** 60 + 2 ** 10;
      there(graph.turns["asking"]?.usage ?? undefined).input_tokens = 2 ** 60 + 2 ** 10;
    });
    expect(violations).toEqual([]);
  });

  it("finds what a live rollout tells too early", () => {
    const violations = violationsOf(told({ isOver: false }), (graph) => {
      const object = { type: "tool_call", id: "unseen" } as const;
      graph.findings.push({ code: "tool_result_never_seen", object, message: "" });
    });
    expect(violations).toEqual(["tool_call unseen: its finding tool_result_never_seen is not true"]);
  });
});
