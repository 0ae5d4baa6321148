import { reduceRollout } from "@rollout-trace/reducer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LongRollout } from "../../../../test/bench/reduce-source.ts";
import { perfettoPackets } from "../../src/export/perfetto/export-perfetto.ts";
import { ProtoMessage } from "../../src/export/perfetto/protobuf.ts";
import { eventPacket } from "../../src/export/perfetto/trace-packets.ts";
import { readTrace, violations } from "./perfetto-reader.ts";

describe("a Perfetto trace", () => {
  it("of a rollout whose cells make many calls at once keeps every rule of tracks, slices and flows", () => {
    const rollout = new LongRollout({ turns: 40, shape: "cells", parse: true });
    const graph = reduceRollout(rollout);
    const packets = readTrace(Buffer.concat([...perfettoPackets(graph)]));
    expect(violations(packets)).toEqual([]);
    const begun = packets.filter(({ track_event: event }) => event?.type === "TYPE_SLICE_BEGIN");
    expect(begun).toHaveLength(
      [
        graph.threads,
        graph.turns,
        graph.inference_calls,
        graph.compaction_requests,
        graph.code_cells,
        graph.tool_calls,
      ]
        .map((collection) => Object.keys(collection).length)
        .reduce((sum, size) => sum + size, 0),
    );
  });

  it("holds any text and any time exactly, but for half characters, which UTF-8 does not have", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.nat({ max: 2 ** 51 }),
        fc.nat(),
        (name, timeUs, value) => {
          const [packet] = readTrace(eventPacket({ timeUs, type: "counter", track: 7, name, value }));
          expect(packet).toMatchObject({
            timestamp: String(BigInt(timeUs) * 1000n),
            track_event: { name: name.toWellFormed(), counter_value: String(value), track_uuid: "7" },
          });
        },
      ),
    );
  });

  it("has messages of any length", () => {
    const long = "é".repeat(100_000);
    const bytes = new ProtoMessage().string(23, long).bytes();
    expect(bytes).toHaveLength(200_000 + 2 + 3);
  });
});
