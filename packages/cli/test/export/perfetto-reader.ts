/** Reads Perfetto traces with protobufjs, from the messages' definitions, and says what of a trace breaks the rules of tracks. */
import protobuf from "protobufjs";

/** The parts of protos/perfetto/trace/*.proto of github.com/google/perfetto that are looked at. */
const DEFINITIONS = `
syntax = "proto2";
message Trace { repeated TracePacket packet = 1; }
message TracePacket {
  optional uint64 timestamp = 8;
  optional uint32 trusted_packet_sequence_id = 10;
  optional TrackEvent track_event = 11;
  optional TrackDescriptor track_descriptor = 60;
}
message TrackDescriptor {
  optional uint64 uuid = 1;
  optional string name = 2;
  optional uint64 parent_uuid = 5;
  optional CounterDescriptor counter = 8;
  enum ChildTracksOrdering { UNKNOWN = 0; LEXICOGRAPHIC = 1; CHRONOLOGICAL = 2; EXPLICIT = 3; }
  optional ChildTracksOrdering child_ordering = 11;
  optional int32 sibling_order_rank = 12;
}
message CounterDescriptor { optional string unit_name = 6; }
message TrackEvent {
  repeated DebugAnnotation debug_annotations = 4;
  enum Type { TYPE_UNSPECIFIED = 0; TYPE_SLICE_BEGIN = 1; TYPE_SLICE_END = 2; TYPE_INSTANT = 3; TYPE_COUNTER = 4; }
  optional Type type = 9;
  optional uint64 track_uuid = 11;
  repeated string categories = 22;
  optional string name = 23;
  optional int64 counter_value = 30;
  repeated fixed64 flow_ids = 47;
  repeated fixed64 terminating_flow_ids = 48;
}
message DebugAnnotation { optional int64 int_value = 4; optional string string_value = 6; optional string name = 10; }
`;

const Trace = protobuf.parse(DEFINITIONS, { keepCase: true }).root.lookupType("Trace");

export interface TraceEvent {
  readonly type: string;
  readonly track_uuid: string;
  readonly name?: string;
  readonly categories: readonly string[];
  readonly counter_value?: string;
  readonly flow_ids: readonly string[];
  readonly terminating_flow_ids: readonly string[];
  readonly debug_annotations: readonly {
    readonly name: string;
    readonly int_value?: string;
    readonly string_value?: string;
  }[];
}

export interface Packet {
  readonly timestamp?: string;
  readonly trusted_packet_sequence_id?: number;
  readonly track_event?: TraceEvent;
  readonly track_descriptor?: {
    readonly uuid: string;
    readonly name: string;
    readonly parent_uuid?: string;
    readonly counter?: { readonly unit_name: string };
    readonly child_ordering?: string;
    readonly sibling_order_rank?: number;
  };
}

/** The packets. Throws where the bytes are no trace. */
export function readTrace(bytes: Uint8Array): readonly Packet[] {
  const read = Trace.toObject(Trace.decode(bytes), { longs: String, enums: String, arrays: true }) as {
    readonly packet: readonly Packet[];
  };
  return read.packet;
}

/** What breaks the rules: tracks before events, time in order, slices nested and closed, flows from slice to later slice. */
export function violations(packets: readonly Packet[]): readonly string[] {
  const found: string[] = [];
  const tracks = new Map<string, { readonly isCounter: boolean; readonly open: string[] }>();
  const flows = new Map<string, { begins: number; ends: number }>();
  let last = 0n;
  for (const {
    timestamp,
    track_descriptor: track,
    track_event: event,
    trusted_packet_sequence_id: sequence,
  } of packets) {
    if (sequence !== 1) found.push(`a packet of sequence ${sequence}`);
    if (track !== undefined) {
      if (tracks.has(track.uuid) || track.uuid === "0") found.push(`track ${track.uuid} is there already`);
      if (track.parent_uuid !== undefined && !tracks.has(track.parent_uuid))
        found.push(`track ${track.uuid} has no parent`);
      tracks.set(track.uuid, { isCounter: track.counter !== undefined, open: [] });
    }
    if (event === undefined) continue;
    const at = BigInt(timestamp ?? "0");
    if (at < last) found.push(`${event.name} goes back in time`);
    last = at;
    const on = tracks.get(event.track_uuid);
    if (on === undefined) {
      found.push(`${event.name} is on no track`);
      continue;
    }
    if (on.isCounter !== (event.type === "TYPE_COUNTER"))
      found.push(`${event.name} is on a track of another kind`);
    if (event.type === "TYPE_SLICE_BEGIN") {
      if (on.open.length > 0) found.push(`${event.name} overlaps ${on.open.at(-1)}`);
      on.open.push(event.name ?? "");
    }
    if (event.type === "TYPE_SLICE_END" && on.open.pop() === undefined)
      found.push("an end without a beginning");
    for (const id of event.flow_ids) {
      if (flows.has(id) || event.type !== "TYPE_SLICE_BEGIN")
        found.push(`flow ${id} begins twice or at no slice`);
      flows.set(id, { begins: 1, ends: 0 });
    }
    for (const id of event.terminating_flow_ids) {
      const flow = flows.get(id);
      if (flow === undefined || event.type !== "TYPE_SLICE_BEGIN")
        found.push(`flow ${id} ends before it begins`);
      else flow.ends += 1;
    }
  }
  for (const [uuid, { open }] of tracks)
    if (open.length > 0) found.push(`track ${uuid} ends with ${open.join(", ")} open`);
  for (const [id, { ends }] of flows) if (ends !== 1) found.push(`flow ${id} has ${ends} ends`);
  return found;
}

/** The trace for people: tracks, then events with their tracks, flows and values. */
export function traceText(packets: readonly Packet[]): string {
  const names = new Map<string, string>();
  let first: bigint | null = null;
  const lines = packets.map(({ timestamp, track_descriptor: track, track_event: event }) => {
    if (track !== undefined) {
      const path = `${track.parent_uuid === undefined ? "" : `${names.get(track.parent_uuid)} › `}${track.name}`;
      names.set(track.uuid, path);
      return `track ${track.uuid}  ${path}  rank ${track.sibling_order_rank}${track.counter === undefined ? "" : `  counts ${track.counter.unit_name}`}`;
    }
    const at = BigInt(timestamp ?? "0");
    first ??= at;
    const facts = [
      event?.name,
      ...(event?.categories ?? []),
      event?.counter_value,
      ...(event?.flow_ids ?? []).map((id) => `flow ${id} ›`),
      ...(event?.terminating_flow_ids ?? []).map((id) => `› flow ${id}`),
      ...(event?.debug_annotations ?? []).map(
        ({ name, int_value: int, string_value: text }) => `${name}=${text ?? int}`,
      ),
    ];
    const place = names.get(event?.track_uuid ?? "");
    return `+${(at - first) / 1000n} µs  ${event?.type.replace("TYPE_", "").toLowerCase()}  ${place}  ${facts.filter((fact) => fact !== undefined).join("  ")}`.trimEnd();
  });
  return `${lines.join("\n")}\n`;
}
