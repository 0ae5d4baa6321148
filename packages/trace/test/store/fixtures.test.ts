import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { asId, type PayloadId } from "@rollout-trace/protocol";
import { openTraceStore, readTraceStore, type TraceStoreReader, verifyStore } from "@rollout-trace/trace";
import { eventsOf, temporaryPath } from "../support.ts";

const FOLDER = join(import.meta.dirname, "../../../../fixtures/stores");

/** Everything that can be read, in the form in which `make.ts` wrote it down. */
function contentOf(reader: TraceStoreReader): unknown {
  const content = reader.rollouts().map((summary) => {
    const source = reader.openRollout(summary.traceId);
    const payloads: unknown[] = [];
    for (let ordinal = 1; source.payloads.stat(asId<PayloadId>(`p${ordinal}`)) !== null; ordinal += 1) {
      payloads.push(source.payloads.text(asId<PayloadId>(`p${ordinal}`)));
    }
    return { summary, events: [...source.events()], payloads };
  });
  return JSON.parse(JSON.stringify(content));
}

describe.each([1])("a store of layout version %i", (version) => {
  const expected: unknown = JSON.parse(readFileSync(join(FOLDER, `v${version}.json`), "utf8"));
  const copy = (): string => {
    const path = temporaryPath();
    copyFileSync(join(FOLDER, `v${version}.db`), path);
    return path;
  };

  it("reads as it did when it was written", () => {
    const path = copy();
    using reader = readTraceStore(path);
    expect(contentOf(reader)).toEqual(expected);
    for (const { traceId } of reader.rollouts()) eventsOf(reader.openRollout(traceId));
    expect(verifyStore(path).findings).toEqual([]);
  });

  it("opens for writing, takes another rollout, and keeps what it had", () => {
    const path = copy();
    {
      using store = openTraceStore({ path });
      store.startRollout({ rolloutId: "new" }).protocolEvent("x", () => ({ password: "hunter2" }));
    }
    expect(verifyStore(path)).toMatchObject({ ok: true, findings: [] });
    using reader = readTraceStore(path);
    const content = contentOf(reader) as readonly { readonly summary: object }[];
    expect(content.slice(0, -1)).toEqual(expected);
    expect(content.at(-1)?.summary).toMatchObject({ rolloutId: "new", state: "completed", eventCount: 4 });
  });
});
