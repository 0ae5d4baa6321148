import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { graphDigest, reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore } from "@rollout-trace/trace";
import { openSource } from "../../src/sources/open-source.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verify-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Verified {
  readonly ok: boolean;
  readonly rollouts: readonly {
    readonly rollout_id: string;
    readonly digest: string;
    readonly checks: readonly {
      readonly name: string;
      readonly count: number;
      readonly problems: readonly string[];
    }[];
  }[];
}

async function failures(source: string): Promise<Record<string, readonly string[]>> {
  const { code, out } = await run(["verify", source, "--json"]);
  const { ok, rollouts } = JSON.parse(out) as Verified;
  expect({ code, ok }).toEqual({ code: 1, ok: false });
  const failed = rollouts.flatMap(({ checks }) => checks).filter(({ count }) => count > 0);
  return Object.fromEntries(failed.map(({ name, problems }) => [name, problems]));
}

function store(path: string): string {
  const trace = openTraceStore({ path });
  for (const rolloutId of ["r1", "r2"]) {
    const root = trace.startRollout({ rolloutId });
    for (let number = 0; number < 40; number += 1) {
      const turn = root.startTurn();
      const input = [
        { type: "message", role: "user", content: [{ type: "input_text", text: `question ${number}` }] },
      ];
      turn
        .startInference({
          model: "m",
          provider: "p",
          dialect: "openai_responses",
          request: () => ({ input }),
        })
        .completed({ response: () => ({ output_items: [] }) });
      turn.end();
    }
    root.endRollout();
  }
  trace.close();
  return path;
}

function edit(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe("verify", () => {
  it("finds nothing in a whole bundle and prints the digest of its graph", async () => {
    const bundle = smallBundle(folder);
    const { code, out, err } = await run(["verify", bundle]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(
      /^ok {2}thread-root {2}13 events, 5 payloads\n {2}digest [0-9a-f]{64}\n( {2}✓ .*\n){7}$/,
    );
  });

  it("prints the digest that the reducer gives of the graph, of bundles and of stores", async () => {
    const path = store(join(folder, "s.db"));
    for (const [file, rollout] of [
      [smallBundle(folder), undefined],
      [path, "r1"],
      [path, "r2"],
    ] as const) {
      using source = openSource(file, { rollout });
      const digest = graphDigest(reduceRollout(source.rollout));
      const named = rollout === undefined ? [] : ["--rollout", rollout];
      const { rollouts } = JSON.parse((await run(["verify", file, ...named, "--json"])).out) as Verified;
      expect(rollouts.map((each) => each.digest)).toEqual([digest]);
      expect((await run(["verify", file, ...named])).out).toContain(`  digest ${digest}\n`);
    }
  });

  it("checks every rollout of a store, or the one that is named", async () => {
    const path = store(join(folder, "s.db"));
    const { code, out } = await run(["verify", path, "--json"]);
    const all = JSON.parse(out) as Verified;
    expect({ code, ids: all.rollouts.map((rollout) => rollout.rollout_id) }).toEqual({
      code: 0,
      ids: ["r1", "r2"],
    });
    const one = JSON.parse((await run(["verify", path, "--rollout", "r2", "--json"])).out) as Verified;
    expect(one.rollouts).toEqual([all.rollouts[1]]);
  });

  it("finds what only a store can have wrong: with the file, and with the rows of a rollout", async () => {
    const path = store(join(folder, "s.db"));
    edit(path, "UPDATE chunks SET bytes = CAST('{}' AS BLOB) WHERE chunk = 1");
    edit(path, "UPDATE rollouts SET state = 'stopped' WHERE rollout = 2");
    const { code, out } = await run(["verify", path, "--json"]);
    const { ok, store: file, rollouts } = JSON.parse(out) as Verified & { readonly store: object };
    expect({ code, ok }).toEqual({ code: 1, ok: false });
    expect(file).toMatchObject({
      rollouts: 2,
      count: 1,
      problems: [expect.stringMatching(/^chunk_hash_mismatch: the bytes of chunk 1 /)],
    });
    const ofRows = rollouts.map(({ checks }) =>
      checks.find(({ name }) => name === "rows and payloads of the store"),
    );
    expect(ofRows.at(1)?.problems).toContainEqual(expect.stringMatching(/^state_mismatch: /));
    expect((await run(["verify", path])).out).toContain(
      `damaged  ${path}\n  ✗ the store's file and chunks: 1 problem\n`,
    );
  });

  it("finds a missing event", async () => {
    const path = store(join(folder, "s.db"));
    edit(path, "DELETE FROM events WHERE rollout = 1 AND seq = 50");
    expect(await failures(path)).toEqual({
      "events are contiguous and in order": ["seq 51 after seq 49"],
      "strict reduction": [expect.stringMatching(/^sequence_gap at seq 51: /)],
    });
  });

  it("finds a missing payload", async () => {
    const path = store(join(folder, "s.db"));
    edit(path, "DELETE FROM payloads WHERE rollout = 2 AND ordinal = 79");
    expect(await failures(path)).toMatchObject({
      "payloads are there and readable": [
        expect.stringMatching(/^payload p79, named by seq \d+: missing_payload/),
      ],
      "strict reduction": [expect.stringMatching(/^missing_payload at seq/)],
    });
  });

  it("finds an event that does not fit its type, and time that goes back", async () => {
    const path = store(join(folder, "s.db"));
    edit(path, `UPDATE events SET body = '{"type":"turn_started"}' WHERE rollout = 1 AND seq = 3`);
    edit(path, "UPDATE events SET time_unix_us = 5 WHERE rollout = 2 AND seq = 9");
    expect(await failures(path)).toMatchObject({
      "events are contiguous and in order": [expect.stringMatching(/^seq 9: time goes back by \d+ µs$/)],
      "events have the shape of their type": [expect.stringMatching(/^seq 3 \(turn_started\): .*turn_id/)],
    });
  });

  it("finds a torn line of a bundle and says where", async () => {
    const bundle = smallBundle(folder);
    const log = join(bundle, "trace.jsonl");
    writeFileSync(log, readFileSync(log, "utf8").replace('"type":"codex_turn_ended"', '"type":'));
    const found = await failures(bundle);
    expect(Object.values(found).flat().join("\n")).toMatch(/trace\.jsonl:10/);
  });

  it("bounds what it prints of a recording that is damaged throughout", async () => {
    const path = store(join(folder, "s.db"));
    edit(path, `UPDATE events SET body = '{"type":"turn_started"}' WHERE rollout = 1 AND seq > 1`);
    const { code, out } = await run(["verify", path, "--rollout", "r1"]);
    expect(code).toBe(1);
    expect(out).toMatch(/events have the shape of their type: 164 problems/);
    expect(out.split("\n").length).toBeLessThan(60);
  });
});
