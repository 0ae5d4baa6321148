import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  checkGraph,
  type Evidence,
  type ExecutionWindow,
  graphJson,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import {
  assistantMessage,
  execCall,
  execOutput,
  playRollout,
  randomSteps,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

interface Json {
  [key: string]: unknown;
}

/** Payloads in every place of a thread and a cell that may have one. */
function withPayloads(): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const { id: thread } = rollout.root;
  const told = { result: "told" };
  rollout.event({
    type: "thread_started",
    thread_id: "child",
    agent_path: "/root/child",
    origin: { type: "spawned", parent_thread_id: thread },
    metadata: rollout.payload("thread_metadata", told),
  });
  const turn = rollout.root.turn();
  const call = execCall("x1", "notify('a')");
  turn.request([userMessage("hi")]).respond([call]);
  const exec = turn.tool("x1", { kind: { type: "code_cell_exec" } });
  const cell = turn.cell("1", "x1", "notify('a')");
  const response = () => rollout.payload("code_cell_response", told);
  const ofCell = { runtime_cell_id: "1" };
  turn.event({ type: "code_cell_initial_response", ...ofCell, status: "yielded", response: response() });
  cell.notify("x1", "a");
  exec.end();
  cell.wait("w1");
  turn.event({ type: "code_cell_wait_ended", wait_id: "w1", outcome: "completed", response: response() });
  const journal = rollout.payload("code_cell_journal", []);
  turn.event({ type: "code_cell_ended", ...ofCell, status: "completed", response: response(), journal });
  turn.request([userMessage("hi"), call, execOutput("x1", "Script running", "a")]);
  return rollout;
}

/** Graphs that together have everything, each to be broken. In none is a call id used twice, which leaves more open. */
function richGraphs(): readonly RolloutGraph[] {
  const ofFixtures = globSync("fixtures/reducer/*.json", { cwd: ROOT })
    .toSorted()
    .map((file) => (JSON.parse(readFileSync(join(ROOT, file), "utf8")) as { graph: RolloutGraph }).graph);
  const played = [1, 2, 3, 4].map((seed) => playRollout(randomSteps(seed, 200)));
  const made = [withPayloads(), ...played].map(
    (rollout) => JSON.parse(graphJson(reduce(rollout))) as RolloutGraph,
  );
  return [...ofFixtures, ...made].filter(({ diagnostics }) =>
    diagnostics.every(({ code }) => code !== "call_id_reused"),
  );
}

/** One field of one object. */
interface Place {
  readonly graph: RolloutGraph;
  readonly holder: Json;
  readonly key: string;
  readonly value: unknown;
}

/** Not keyed by what an object of the graph is named, or not made of fields at all. */
const OPAQUE: readonly string[] = ["host", "payloads", "attributes"];

/** Every field of every object by its path: without the keys of collections and the indices of lists. */
function fieldsOf(graph: RolloutGraph): ReadonlyMap<string, readonly Place[]> {
  const fields = new Map<string, Place[]>();
  const walk = (value: unknown, path: string, isKeyed: boolean): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (OPAQUE.includes(key)) continue;
      const at = isKeyed ? path : [...(path === "" ? [] : [path]), key].join(".");
      if (!isKeyed) {
        const place = { graph, holder: value as Json, key, value: inner as unknown };
        const known = fields.get(at);
        if (known === undefined) fields.set(at, [place]);
        else known.push(place);
      }
      walk(inner, at, Array.isArray(inner) || (!isKeyed && path === "" && key !== "usage"));
    }
  };
  walk(graph, "", false);
  return fields;
}

const FIELDS: ReadonlyMap<string, readonly Place[]> = (() => {
  const all = new Map<string, Place[]>();
  for (const graph of richGraphs()) {
    for (const [path, places] of fieldsOf(graph)) all.set(path, [...(all.get(path) ?? []), ...places]);
  }
  return all;
})();

const isEmpty = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

/** Enough places of each field to see that it is looked at wherever it is, some in each of several graphs. */
function somePlaces(path: string): readonly Place[] {
  const counts = new Map<RolloutGraph, number>();
  const few = (FIELDS.get(path) ?? []).filter(({ graph, value }) => {
    const count = counts.get(graph) ?? 0;
    if (isEmpty(value) || count === 3) return false;
    counts.set(graph, count + 1);
    return true;
  });
  return few.slice(-12);
}

/** Whether the check has nothing to say of a graph in which a field is something else. */
function passes({ graph, holder, key, value }: Place, broken: unknown): boolean {
  holder[key] = broken;
  const violations = checkGraph(graph);
  holder[key] = value;
  return violations.length === 0;
}

/** Ids that name something at the provider, in the runtime, in the host's telemetry, and no object of the graph. */
const OTHER_IDS =
  /^(rollout|trace)_id$|\.(recorded|provider_item|call|runtime_cell|runtime_tool_call|mcp_call|model_visible_call|response|upstream_request|otel_trace|parent_span|content|wait)_id$|\.links\.(trace|span)_id$/;
const NAMING = [...FIELDS.keys()].filter(
  (path) => /_ids?$|\.(source|target|object)\.id$/.test(path) && !OTHER_IDS.test(path),
);
/** What consists of links. */
const HOLDING = [...FIELDS.keys()].filter((path) =>
  /\.(produced_by|observed_by|waits|yields|notifications|caused_by|target)$|\.evidence\.seqs$/.test(path),
);

/** No event of theirs names a payload. */
const NEVER_NAMING = ["spans.evidence.payload_ids", "turns.evidence.payload_ids"];

/** The graph of a recording may really have these: the reducer makes nothing yet of a thread that never shows up. */
const MAY_NAME_NOTHING = ["root_thread_id", "threads.origin.parent_thread_id"];

/** What no graph can lack, by its type. */
const NEVER_NULL: readonly string[] = [
  "compaction_requests.request_payload_id",
  "compaction_requests.turn_id",
  "conversation_items.body.parts.payload_id",
  "inference_calls.request_payload_id",
];

/** What nothing else tells of: without it a graph is that of another recording, which says less. */
const MAY_BE_MISSING: readonly string[] = [
  "code_cells.evidence.payload_ids",
  "code_cells.initial_response.payload_id",
  "code_cells.journal_payload_id",
  "code_cells.notifications",
  "code_cells.result_payload_id",
  "code_cells.turn_id",
  "code_cells.waits",
  "code_cells.waits.payload_id",
  "compactions.input_item_ids",
  "compactions.turn_id",
  "conversation_items.turn_id",
  "inference_calls.request.item_ids",
  "interaction_edges.evidence.payload_ids",
  "root_thread_id",
  "spans.thread_id",
  "spans.turn_id",
  "terminal_operations.evidence.payload_ids",
  "terminal_sessions.evidence.payload_ids",
  "threads.evidence.payload_ids",
  "threads.origin.parent_thread_id",
  "tool_calls.invocation_payload_id",
  "tool_calls.result_payload_id",
  "tool_calls.runtime_payload_ids",
  "tool_calls.turn_id",
];

describe("the graphs that the check is tried on", () => {
  it("are sound", () => {
    expect(richGraphs().flatMap((graph) => checkGraph(graph))).toEqual([]);
  });

  it("have something in every field that names an object", () => {
    expect(NAMING.filter((path) => somePlaces(path).length === 0).toSorted()).toEqual(NEVER_NAMING);
    expect(NAMING.length).toBeGreaterThan(80);
  });
});

describe("the check of a graph", () => {
  it("finds what is named and is not there, in every field that names an object", () => {
    const unnoticed = NAMING.filter((path) =>
      somePlaces(path).some((place) => {
        const { value } = place;
        return passes(place, Array.isArray(value) ? ["bogus", ...value.slice(1)] : "bogus");
      }),
    );
    expect(unnoticed.toSorted()).toEqual(MAY_NAME_NOTHING);
  });

  it("finds an emptied list and a link that is gone, wherever something else tells of it", () => {
    const unnoticed = [...NAMING, ...HOLDING].filter(
      (path) =>
        !NEVER_NULL.includes(path) &&
        somePlaces(path).some((place) => passes(place, Array.isArray(place.value) ? [] : null)),
    );
    expect(unnoticed.toSorted()).toEqual(MAY_BE_MISSING);
  });
});

/** Two agents that were spawned, a cell with a nested call and a wait, a command, and a turn that was interrupted. */
function busy(): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn("asked");
  for (const child of ["a", "b"]) {
    const spawn = turn.tool(`spawn-${child}`, { host: true, kind: { type: "spawn_agent" } });
    spawn.interact("spawn_agent", child, "go");
    rollout.child(child);
    spawn.interacted("spawn_agent", child).end();
  }
  turn
    .tool("told", { host: true, kind: { type: "send_message" } })
    .interact("send_message", "a", "lost")
    .interacted("send_message", "a")
    .end();
  const cell = turn.cell("1", "x1", "await tools.a()");
  turn.tool("nested", { cell: "1" }).end();
  cell.respond("yielded").wait("w1").waited("w1", "completed").end();
  const begin = { type: "exec_command_begin", command: ["ls"], cwd: "/", process_id: "7" };
  const usage = { usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } };
  turn
    .tool("command", { host: true, kind: { type: "exec_command" } })
    .runtimeStart(begin)
    .end();
  turn.request([userMessage("hi")]).respond([assistantMessage("done")], { usage });
  turn.end();
  const other = rollout.root.turn("interrupted");
  other.tool("cut", { host: true });
  other.cell("2", "x2", "await forever()");
  other.end("cancelled");
  rollout.root.end();
  rollout.end().complete();
  return rollout;
}

type Open<Value> = Value extends object ? { -readonly [Key in keyof Value]: Open<Value[Key]> } : Value;
/** A graph to be broken; what spans carry is JSON of any depth. */
type Broken = Open<Omit<RolloutGraph, "spans">>;
type Windowed = { readonly execution: ExecutionWindow; readonly evidence: Evidence } | undefined;

/** Makes something end with the last event there is. */
function endLate(entry: Open<Windowed>, { ended_at_us }: Broken): void {
  if (entry === undefined) throw new Error("there is no such object");
  Object.assign(entry.execution, {
    ended_at_us,
    ended_seq: 1000,
    status: "completed",
    end_cause: "observed",
  });
  entry.evidence.seqs.push(1000);
}

describe("the check of a graph with everything in its place", () => {
  it("finds nothing", () => {
    const graph = reduce(busy());
    expect(checkGraph(graph)).toEqual([]);
    expect(Object.keys(graph.interaction_edges)).toHaveLength(3);
    expect(Object.keys(graph.terminal_operations)).toHaveLength(1);
  });

  it.each<[what: string, breakIt: (graph: Broken) => unknown, violation: string]>([
    [
      "a nested call that ended after its cell",
      (graph) => endLate(graph.tool_calls["nested"], graph),
      "tool_call nested: it ended after what it began in",
    ],
    [
      "a call that ended after the turn that it was interrupted with",
      (graph) => endLate(graph.tool_calls["cut"], graph),
      "tool_call cut: it ended after what it began in",
    ],
    [
      "a cell that ended after the turn that it was interrupted with",
      (graph) => endLate(graph.code_cells["cell:root:x2"], graph),
      "code_cell cell:root:x2: it ended after what it began in",
    ],
    [
      "a request that ended after its turn",
      (graph) => endLate(graph.inference_calls["inference-1"], graph),
      "inference_call inference-1: it ended after what it began in",
    ],
    [
      "a turn that ended after its thread",
      (graph) => endLate(graph.turns["asked"], graph),
      "turn asked: it ended after what it began in",
    ],
    [
      "an operation that ended after its call",
      (graph) => endLate(graph.terminal_operations["terminal_operation:1"], graph),
      "terminal_operation terminal_operation:1: it ended after what it began in",
    ],
    [
      "a process that ended after the thread that started it",
      (graph) => endLate(graph.terminal_sessions["7"], graph),
      "terminal_session 7: it ended after what it began in",
    ],
    [
      "a wait that is running in a rollout that is over",
      (graph) => {
        const wait = graph.code_cells["cell:root:x1"]?.waits[0]?.execution ?? {};
        Object.assign(wait, { ended_at_us: null, ended_seq: null, status: "running", end_cause: null });
      },
      "code_cell cell:root:x1: it is running in a rollout that is over",
    ],
    [
      "an interaction that is running in a rollout that is over",
      (graph) => Object.assign(edgeOf(graph, "a"), { ended_at_us: null, status: "running" }),
      "interaction_edge edge:spawn:root:a: it is running in a rollout that is over",
    ],
    [
      "a message that went nowhere, without the finding that says so",
      (graph) => (graph.findings = []),
      "interaction_edge edge:tool:told: its target and its finding disagree",
    ],
    [
      "a thread that names the edge that spawned another",
      (graph) => Object.assign(graph.threads["a"]?.origin ?? {}, { spawn_edge_id: "edge:spawn:root:b" }),
      "thread a: its spawn edge does not lead from its parent to it",
    ],
    [
      "a call in the turn of another thread",
      (graph) => Object.assign(graph.turns["asked"] ?? {}, { thread_id: "a" }),
      "tool_call nested: its turn is of another thread",
    ],
    [
      "an end without evidence",
      (graph) => graph.turns["asked"]?.evidence.seqs.pop(),
      "turn asked: its window is not in its evidence",
    ],
    [
      "a payload that is evidence of nothing",
      (graph) => graph.inference_calls["inference-1"]?.evidence.payload_ids.pop(),
      'inference_call inference-1: its response_payload_id names payload "payload-3", which is not in its evidence',
    ],
    [
      "tokens of a model that no response came from",
      (graph) => (graph.usage.by_model["bogus"] = graph.usage.total),
      'rollout rollout-1: no response of model "bogus" has a usage',
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
  ])("finds %s", (_what, breakIt, violation) => {
    const graph = structuredClone(reduce(busy()));
    breakIt(graph as RolloutGraph & Broken);
    const found = checkGraph(graph);
    expect(found.map(({ object, message }) => `${object.type} ${object.id}: ${message}`)).toContain(
      violation,
    );
  });
});

function edgeOf(graph: Broken, child: string): object {
  return graph.interaction_edges[`edge:spawn:root:${child}`] ?? {};
}
