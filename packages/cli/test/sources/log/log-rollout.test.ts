import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asId, type PayloadId, type RolloutSource } from "@rollout-trace/protocol";
import {
  arrayDocument,
  lineDocument,
  literalDocument,
  objectDocument,
  spread,
  valueUnder,
} from "../../../src/sources/log/document.ts";
import { LogFile } from "../../../src/sources/log/log-file.ts";
import { type LogDraft, logRollout } from "../../../src/sources/log/log-rollout.ts";

let folder: string;
let file: LogFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-rollout-"));
  const path = join(folder, "log.jsonl");
  writeFileSync(path, '{"item":{"a":1},"time":5}\n{"list":[{"a":1},{"b":2}],"time":3}\n');
  file = new LogFile(path);
});
afterEach(() => {
  file[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const id = (text: string) => asId<PayloadId>(text);

/** One event per line; the first names a view of its line, the second a document made of both. */
function imported(passes: { count: number }): RolloutSource {
  return logRollout({
    rolloutId: "r",
    views: { item: { kind: "other", derive: valueUnder("item") } },
    *drafts(add, addView): Generator<LogDraft> {
      passes.count += 1;
      for (const { number: line, content } of file.lines()) {
        const time = valueUnder("time")(content.ok ? content.value : null);
        const ref = { file, line };
        const payload =
          line === 1
            ? addView("f", ref, "item")
            : add(
                "both",
                "other",
                objectDocument({
                  said: literalDocument("so"),
                  input: arrayDocument([
                    lineDocument({ file, line: 1 }, valueUnder("item")),
                    spread(lineDocument(ref, valueUnder("list"))),
                  ]),
                }),
              );
        yield { type: "problem", timeUs: 0, problem: { where: `line ${line}`, message: "seen" } };
        yield {
          type: "event",
          timeUs: Number(time),
          threadId: null,
          turnId: null,
          payload: { type: "other", kind: "k", summary: "", payloads: [payload], metadata: null },
        };
      }
    },
  });
}

describe("an imported rollout", () => {
  it("numbers its events from 1 and never lets time go back; problems have no number", () => {
    const records = [...imported({ count: 0 }).events()];
    expect(
      records.map((record) =>
        record.type === "problem"
          ? record.problem.where
          : (({ seq, time_unix_us: time }: { seq: number; time_unix_us: number }) => [seq, time])(
              record.value as { seq: number; time_unix_us: number },
            ),
      ),
    ).toEqual(["line 1", [1, 5], "line 2", [2, 5]]);
  });

  it("can be read from the middle", () => {
    const source = imported({ count: 0 });
    const seqs = [...source.events(2)].flatMap((record) =>
      record.type === "event" ? [(record.value as { seq: number }).seq] : [],
    );
    expect(seqs).toEqual([2]);
  });

  it("puts documents together of lines, and lists their elements", () => {
    const { payloads } = imported({ count: 0 });
    expect(payloads.json(id("f:1:item"))).toEqual({ ok: true, value: { a: 1 } });
    expect(payloads.json(id("both"))).toEqual({
      ok: true,
      value: { said: "so", input: [{ a: 1 }, { a: 1 }, { b: 2 }] },
    });
    const items = payloads.items(id("both"), "input");
    const ids = items.ok ? items.value.map(({ contentId }) => contentId) : [];
    expect(ids).toHaveLength(3);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[1]).not.toBe(ids[2]);
    expect(items.ok ? items.value.map((item) => item.value()) : []).toEqual([
      { ok: true, value: { a: 1 } },
      { ok: true, value: { a: 1 } },
      { ok: true, value: { b: 2 } },
    ]);
    expect(payloads.items(id("both"), "said")).toMatchObject({ ok: false, code: "no_such_array" });
    expect(payloads.items(id("both"), "__proto__")).toMatchObject({ ok: false, code: "no_such_array" });
  });

  it("has only the payloads that an event names", () => {
    const passes = { count: 0 };
    const { payloads } = imported(passes);
    expect(payloads.stat(id("f:1:item"))).toEqual({ kind: "other", size_bytes: 25 });
    for (const missing of ["f:2:item", "f:1:other", "f:99:item", "g:1:item", "nothing"]) {
      expect(payloads.json(id(missing))).toMatchObject({ ok: false, code: "missing_payload" });
      expect(payloads.stat(id(missing))).toBeNull();
    }
    expect(passes.count).toBe(1);
  });
});
