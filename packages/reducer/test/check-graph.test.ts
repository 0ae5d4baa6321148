import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { checkGraph, graphJson, type RolloutGraph } from "@rollout-trace/reducer";
import {
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
  const played = [1, 2, 3, 4].map((seed) => playRollout(randomSteps(seed, 200), { repeatIds: false }));
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
const NEVER_NAMING = ["spans.evidence.payload_ids"];

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
  "interaction_edges.carried_payload_ids",
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
  "tool_calls.thread_id",
  "tool_calls.turn_id",
  "turns.evidence.payload_ids",
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
