/** The page's index: all of a rollout that a first look needs. */
import type { Anchor, RolloutGraph } from "@rollout-trace/reducer";
import { count, duration, utc } from "../../render/format.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { BOUNDS, oneLine } from "./bounds.ts";
import type { NodeList } from "./node-list.ts";
import { outlineOf } from "./outline.ts";
import type { PageArrow, PageIndex, PageProblem } from "./page/data.ts";

export interface IndexParts {
  readonly graph: RolloutGraph;
  readonly list: NodeList;
  readonly timeline: Timeline;
  /** What the rollout was read from, as it was typed. */
  readonly source: string;
  readonly detailsPerBlock: number;
  readonly detailBlocks: number;
}

export function pageIndex({ graph, list, timeline, source, ...blocks }: IndexParts): PageIndex {
  const { nodes } = list;
  const numberOf = (anchor: Anchor): number => list.numberOf(anchor);
  const { startUs } = timeline;
  const types = [...new Set(nodes.map((node) => node.type))];
  const statuses = [...new Set(nodes.map((node) => node.status))];
  const offset = (us: number | null): number => (us === null ? -1 : Math.max(0, us - startUs));
  const agents = new Map(timeline.agents.map(({ thread }, index) => [thread.thread_id, index]));
  return {
    rollout: { ...about(graph, timeline), source },
    problems: problemsOf(graph, list),
    agents: timeline.agents.map(({ thread, depth }) => ({
      node: numberOf({ type: "thread", id: thread.thread_id }),
      path: oneLine(thread.agent_path, BOUNDS.label),
      depth,
      model: thread.model === null ? null : oneLine(thread.model, BOUNDS.label),
      transcript: itemNodes(list, thread.conversation_item_ids),
    })),
    nodes: {
      type: nodes.map((node) => types.indexOf(node.type)),
      id: nodes.map((node) => (node.id.length > BOUNDS.id ? "" : node.id)),
      agent: nodes.map((node) => agents.get(node.threadId ?? "") ?? -1),
      start: nodes.map((node) => offset(node.startUs)),
      end: nodes.map((node) => offset(node.endUs)),
      status: nodes.map((node) => statuses.indexOf(node.status)),
      label: nodes.map((node) => node.label),
      preview: nodes.map((node) => node.preview),
    },
    types,
    statuses,
    outline: outlineOf(graph, list),
    lanes: timeline.agents.flatMap(({ groups }, agent) =>
      groups.flatMap(({ name, lanes }) =>
        lanes.map((bars) => ({ agent, group: name, bars: bars.map((bar) => numberOf(bar)) })),
      ),
    ),
    marks: [...timeline.marks].flatMap(([id, marks]) =>
      marks.map(({ kind, atUs, label }) => {
        const node = numberOf({ type: "code_cell", id });
        return [node, kind, offset(atUs), oneLine(label, BOUNDS.label)] as const;
      }),
    ),
    arrows: timeline.arrows.map(({ kind, from, to, label, edgeId }): PageArrow => [
      kind,
      numberOf(from),
      numberOf(to),
      label,
      edgeId === null ? -1 : numberOf({ type: "interaction_edge", id: edgeId }),
    ]),
    requests: Object.values(graph.inference_calls).map(
      ({ inference_call_id: id, request, response_item_ids }) => [
        numberOf({ type: "inference_call", id }),
        request.base_inference_call_id === null
          ? -1
          : numberOf({ type: "inference_call", id: request.base_inference_call_id }),
        request.keep,
        itemNodes(list, request.item_ids),
        itemNodes(list, response_item_ids),
      ],
    ),
    ...blocks,
  };
}

function itemNodes(list: NodeList, ids: readonly string[]): readonly number[] {
  return ids.map((id) => list.numberOf({ type: "conversation_item", id }));
}

function about(graph: RolloutGraph, { startUs, endUs }: Timeline): Omit<PageIndex["rollout"], "source"> {
  const size = (collection: object): number => Object.keys(collection).length;
  const isOver = graph.recording_complete || graph.status === "completed" || graph.status === "failed";
  const host = graph.host === null ? [] : [`${graph.host.name} ${graph.host.version ?? ""}`.trim()];
  return {
    id: graph.rollout_id ?? "without an id",
    status: graph.status,
    note: isOver ? null : "the recording was not closed",
    startUs,
    durationUs: endUs - startUs,
    facts: [
      utc(startUs),
      duration(endUs - startUs),
      count(size(graph.threads), "agent"),
      count(size(graph.turns), "turn"),
      count(size(graph.inference_calls), "model request"),
      count(size(graph.tool_calls), "tool call"),
      count(size(graph.code_cells), "code cell"),
      size(graph.usage.by_thread) === 0 ? "tokens unknown" : count(graph.usage.total.total_tokens, "token"),
      ...host.map((name) => oneLine(name, BOUNDS.label)),
    ],
  };
}

function problemsOf(graph: RolloutGraph, list: NodeList): readonly PageProblem[] {
  return [
    ...graph.diagnostics.map(({ severity, code, message, seq, object }) => ({
      severity,
      code,
      message: oneLine(message, MESSAGE),
      seq,
      node: list.numberOf(object),
    })),
    ...graph.findings.map(({ code, message, object }) => ({
      severity: "finding" as const,
      code,
      message: oneLine(message, MESSAGE),
      seq: null,
      node: list.numberOf(object),
    })),
  ];
}

/** Characters of a diagnostic. */
const MESSAGE = 400;
