/**
 * The messages of a Perfetto trace that an export consists of. Field numbers are those of `trace_packet.proto`,
 * `track_descriptor.proto`, `track_event.proto`, `counter_descriptor.proto` and `debug_annotation.proto` in
 * protos/perfetto/trace of github.com/google/perfetto; what tracks, slices, flows and counters mean is in its
 * docs/reference/synthetic-track-event.md.
 */
import { ProtoMessage } from "./protobuf.ts";

const TRACE = { packet: 1 } as const;
const PACKET = { timestamp: 8, sequence: 10, event: 11, track: 60 } as const;
const TRACK = { uuid: 1, name: 2, parent: 5, counter: 8, ordering: 11, rank: 12 } as const;
const COUNTER = { unitName: 6 } as const;
const EVENT = {
  annotation: 4,
  type: 9,
  track: 11,
  category: 22,
  name: 23,
  value: 30,
  flow: 47,
  lastFlow: 48,
} as const;
const ANNOTATION = { int: 4, string: 6, name: 10 } as const;

/** `TrackEvent.Type`. */
export const EVENT_TYPE = { begin: 1, end: 2, instant: 3, counter: 4 } as const;
/** `TrackDescriptor.ChildTracksOrdering.EXPLICIT`: children are shown in the order of their rank. */
const EXPLICIT_ORDER = 3;
/** All packets come from one writer. */
const SEQUENCE = 1;

export interface TrackPacket {
  /** Not 0. */
  readonly uuid: number;
  readonly parent: number | null;
  readonly name: string;
  /** Among its siblings. */
  readonly rank: number;
  /** For a counter: of what. */
  readonly unit: string | null;
}

export interface EventPacket {
  readonly timeUs: number;
  readonly type: keyof typeof EVENT_TYPE;
  readonly track: number;
  readonly name?: string | undefined;
  readonly category?: string | undefined;
  readonly annotations?: readonly (readonly [name: string, value: string | number])[] | undefined;
  /** Flows that begin here. */
  readonly flows?: readonly number[] | undefined;
  /** Flows that end here. */
  readonly lastFlows?: readonly number[] | undefined;
  /** Of a counter. */
  readonly value?: number | undefined;
}

export function trackPacket({ uuid, parent, name, rank, unit }: TrackPacket): Uint8Array {
  const track = new ProtoMessage().uint(TRACK.uuid, uuid).string(TRACK.name, name);
  if (parent !== null) track.uint(TRACK.parent, parent);
  if (unit === null) track.uint(TRACK.ordering, EXPLICIT_ORDER);
  else track.message(TRACK.counter, new ProtoMessage().string(COUNTER.unitName, unit));
  track.uint(TRACK.rank, rank);
  return packet(new ProtoMessage().uint(PACKET.sequence, SEQUENCE).message(PACKET.track, track));
}

export function eventPacket(event: EventPacket): Uint8Array {
  const message = new ProtoMessage();
  for (const [name, value] of event.annotations ?? []) {
    const annotation = new ProtoMessage().string(ANNOTATION.name, name);
    if (typeof value === "number") annotation.uint(ANNOTATION.int, value);
    else annotation.string(ANNOTATION.string, value);
    message.message(EVENT.annotation, annotation);
  }
  message.uint(EVENT.type, EVENT_TYPE[event.type]).uint(EVENT.track, event.track);
  if (event.category !== undefined) message.string(EVENT.category, event.category);
  if (event.name !== undefined) message.string(EVENT.name, event.name);
  if (event.value !== undefined) message.uint(EVENT.value, event.value);
  for (const flow of event.flows ?? []) message.fixed64(EVENT.flow, flow);
  for (const flow of event.lastFlows ?? []) message.fixed64(EVENT.lastFlow, flow);
  return packet(
    new ProtoMessage()
      // Nanoseconds since the epoch have more than 53 bits.
      .bigUint(PACKET.timestamp, BigInt(Math.round(event.timeUs)) * 1000n)
      .uint(PACKET.sequence, SEQUENCE)
      .message(PACKET.event, message),
  );
}

function packet(message: ProtoMessage): Uint8Array {
  return new ProtoMessage().message(TRACE.packet, message).bytes();
}
