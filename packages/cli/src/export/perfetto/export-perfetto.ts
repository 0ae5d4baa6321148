/**
 * A rollout as a Perfetto trace, for ui.perfetto.dev and the trace processor.
 *
 * Protobuf rather than the older JSON: only there a flow names the two slices it connects, wherever they are, and a track can be
 * any lane of an agent. An agent is a track with one below it for each kind of its work; what ran in parallel is on as many
 * tracks of one name as it takes, which the viewer draws as one. Interaction edges and causes are flows, tokens are counters,
 * yields, notifications and cancellations are instants.
 */
import type { RolloutGraph, TokenUsage } from "@rollout-trace/reducer";
import type { Arrow, Bar } from "../timeline/bar.ts";
import { type AgentTimeline, type Timeline, timelineOf } from "../timeline/timeline.ts";
import { type EventPacket, eventPacket, trackPacket } from "./trace-packets.ts";

/** Characters of a name or value: a trace is looked at, not read. */
const TEXT = 300;

const TRACK_NAMES = {
  agent: "agent",
  turns: "turns",
  model: "model",
  cells: "cells",
  calls: "tool calls",
  nested: "tool calls of cells",
  spans: "spans",
} as const;

const COUNTERS = [
  ["input tokens", "input_tokens"],
  ["cached input tokens", "cached_input_tokens"],
  ["output tokens", "output_tokens"],
] as const satisfies readonly (readonly [string, keyof TokenUsage])[];

/** The trace, packet by packet: tracks first, then events in order of time. */
export function* perfettoPackets(graph: RolloutGraph): Generator<Uint8Array, void, undefined> {
  const timeline = timelineOf(graph);
  const flows = flowsOf(timeline.arrows);
  const events: Placed[] = [];
  let uuid = 0;
  const nextUuid = (): number => (uuid += 1);
  for (const [rank, agent] of timeline.agents.entries()) {
    const parent = nextUuid();
    yield trackPacket({ uuid: parent, parent: null, name: cut(agent.thread.agent_path), rank, unit: null });
    let below = 0;
    for (const { name, lanes } of agent.groups) {
      for (const bars of lanes) {
        // The agent itself is on its own track, so that the track has something to show when it is closed.
        const track = name === "agent" ? parent : nextUuid();
        if (track !== parent) {
          yield trackPacket({ uuid: track, parent, name: TRACK_NAMES[name], rank: (below += 1), unit: null });
        }
        for (const bar of bars) events.push(...slice(graph, timeline, { bar, track, flows }));
      }
    }
    for (const [name, field] of COUNTERS) {
      const samples = countsOf(graph, agent, field);
      if (samples.length === 0) continue;
      const track = nextUuid();
      yield trackPacket({ uuid: track, parent, name, rank: (below += 1), unit: "tokens" });
      events.push(...samples.map((sample) => placed({ ...sample, type: "counter", track }, sample.seq)));
    }
  }
  for (const { packet } of events.toSorted(inOrder)) yield eventPacket(packet);
}

/** An event with what decides where it stands among those of the same moment. */
interface Placed {
  readonly packet: EventPacket;
  /** Ends of what began earlier come first, so that a lane is free before it is taken again. */
  readonly phase: number;
  readonly seq: number;
  /** A slice without a duration begins before it ends. */
  readonly step: number;
}

function placed(packet: EventPacket, seq: number, phase: number = 1, step: number = 0): Placed {
  return { packet, phase, seq, step };
}

function inOrder(left: Placed, right: Placed): number {
  return (
    left.packet.timeUs - right.packet.timeUs ||
    left.phase - right.phase ||
    left.seq - right.seq ||
    left.step - right.step
  );
}

interface Flows {
  readonly from: ReadonlyMap<Bar, readonly number[]>;
  readonly to: ReadonlyMap<Bar, readonly number[]>;
}

/**
 * A flow leads from the earlier slice to the later one, whatever its ends were meant as, so that an arrow which a damaged
 * recording points into the past is left out.
 */
function flowsOf(arrows: readonly Arrow[]): Flows {
  const from = new Map<Bar, number[]>();
  const to = new Map<Bar, number[]>();
  arrows.forEach((arrow, index) => {
    if (arrow.from === arrow.to || !isEarlier(arrow.from, arrow.to)) return;
    for (const [map, bar] of [
      [from, arrow.from],
      [to, arrow.to],
    ] as const) {
      const list = map.get(bar);
      if (list === undefined) map.set(bar, [index + 1]);
      else list.push(index + 1);
    }
  });
  return { from, to };
}

function isEarlier(first: Bar, second: Bar): boolean {
  return first.startUs === second.startUs
    ? first.startSeq <= second.startSeq
    : first.startUs < second.startUs;
}

interface SliceParts {
  readonly bar: Bar;
  readonly track: number;
  readonly flows: Flows;
}

function slice(
  graph: RolloutGraph,
  { marks }: Timeline,
  { bar, track, flows }: SliceParts,
): readonly Placed[] {
  const { startUs, endUs, startSeq } = bar;
  const begin: EventPacket = {
    timeUs: startUs,
    type: "begin",
    track,
    name: cut(bar.label),
    category: bar.group,
    annotations: annotationsOf(graph, bar),
    flows: flows.from.get(bar),
    lastFlows: flows.to.get(bar),
  };
  const instants = bar.type === "code_cell" ? (marks.get(bar.id) ?? []) : [];
  return [
    placed(begin, startSeq),
    ...instants.map(({ atUs: timeUs, label, kind }) =>
      placed({ timeUs, type: "instant", track, name: cut(label), category: kind }, startSeq, 1, 1),
    ),
    placed({ timeUs: endUs, type: "end", track }, startSeq, endUs > startUs ? 0 : 1, 2),
  ];
}

function annotationsOf(graph: RolloutGraph, bar: Bar): EventPacket["annotations"] {
  const usage =
    bar.type === "inference_call"
      ? graph.inference_calls[bar.id]?.usage
      : bar.type === "turn"
        ? graph.turns[bar.id]?.usage
        : null;
  const preview = bar.type === "tool_call" ? graph.tool_calls[bar.id]?.input_preview : null;
  const source = bar.type === "code_cell" ? graph.code_cells[bar.id]?.source : null;
  const error = bar.type === "inference_call" ? graph.inference_calls[bar.id]?.error : null;
  return [
    ["id", cut(bar.id)],
    ["kind", bar.type],
    ["status", bar.status],
    ["seq", bar.startSeq],
    ...(bar.endCause === null || bar.endCause === "observed" ? [] : [["end_cause", bar.endCause] as const]),
    ...(preview ? [["input", cut(preview)] as const] : []),
    ...(source ? [["source", cut(source)] as const] : []),
    ...(error ? [["error", cut(error)] as const] : []),
    ...(usage ? COUNTERS.map(([name, field]) => [name, usage[field]] as const) : []),
  ];
}

/** What each request was counted as when it ended. */
function countsOf(
  graph: RolloutGraph,
  { groups }: AgentTimeline,
  field: keyof TokenUsage,
): readonly { readonly timeUs: number; readonly value: number; readonly seq: number }[] {
  const bars = groups.filter(({ name }) => name === "model").flatMap(({ lanes }) => lanes.flat());
  return bars.flatMap((bar) => {
    const usage = bar.type === "inference_call" ? graph.inference_calls[bar.id]?.usage : null;
    return usage === null || usage === undefined
      ? []
      : [{ timeUs: bar.endUs, value: usage[field], seq: bar.startSeq }];
  });
}

function cut(text: string): string {
  return text.length <= TEXT ? text : `${text.slice(0, TEXT - 1)}…`;
}
