import type { CellJournal } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { type ScriptRun, runScript } from "../session/run-script.ts";

function journalOf({ host }: ScriptRun): CellJournal | null | undefined {
  return host.events.find((event) => event.type === "cell_ended")?.journal;
}

describe("a cell's journal", () => {
  it("has what the isolate received, in the order in which it did", async () => {
    const run = await runScript(`
      await tools.fail({ text: "no" }).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 0));
      await tools.echo({});
    `);
    expect(journalOf(run)).toEqual({
      random_seed: expect.any(Number),
      clock_reads: [],
      deliveries: [
        { type: "tool_result", runtime_tool_call_id: "tool-1", ok: false },
        { type: "timer", timer_id: 1 },
        { type: "tool_result", runtime_tool_call_id: "tool-2", ok: true },
      ],
      truncated: false,
    });
  });

  it("has every way of reading the clock, in order", async () => {
    const run = await runScript(`
      const read = [Date.now(), new Date().getTime()];
      await tools.echo({});
      read.push(+new Date());
      new Date(5); new Date(2020, 1); Date.UTC(2020); Date();
      new Intl.DateTimeFormat("en").format(); new Intl.DateTimeFormat("en").formatToParts();
      new Intl.DateTimeFormat("en").format(new Date(0));
      text(read);
    `);
    const reads = journalOf(run)?.clock_reads;
    expect(reads).toHaveLength(6);
    expect(reads?.slice(0, 3)).toEqual(JSON.parse(run.texts[0] ?? ""));
  });

  it("has the seed that the script's random numbers come from", async () => {
    const source = "text([Math.random(), Math.random(), Math.random()])";
    const first = await runScript(source);
    const second = await runScript(source);
    expect(journalOf(first)?.random_seed).not.toBe(journalOf(second)?.random_seed);
    expect(first.texts).not.toEqual(second.texts);
    for (const value of JSON.parse(first.texts[0] ?? "")) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
  });

  it("is bounded, and says when it is not complete", async () => {
    const run = await runScript("for (let n = 0; n < 100_000; n += 1) Date.now();");
    const journal = journalOf(run);
    expect(journal?.clock_reads).toHaveLength(65_536);
    expect(journal?.truncated).toBe(true);
  });

  it("keeps Date what it is apart from that", async () => {
    const { texts } = await runScript(`
      class Later extends Date { get later() { return true } }
      text([
        Date.name, Date.length, typeof Date(), new Date() instanceof Date, new Later() instanceof Later,
        new Later(0).later, new Date(0).constructor === Date, Date.parse("1970-01-01T00:00:01Z"),
        Object.prototype.toString.call(new Date(0)), new Date(NaN).getTime(), Date.prototype.constructor === Date,
      ]);
    `);
    expect(JSON.parse(texts[0] ?? "")).toEqual([
      "Date",
      7,
      "string",
      true,
      true,
      true,
      true,
      1000,
      "[object Date]",
      null,
      true,
    ]);
  });
});
