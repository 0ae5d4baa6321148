import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore, readTraceStore, type TraceStore, type TurnTrace } from "@rollout-trace/trace";
import { CORPUS, CORPUS_MISSING } from "../../../../test/corpus/corpus.ts";
import { run } from "./run.ts";

let folder: string;
let path: string;
let store: TraceStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "list-tokens-"));
  path = join(folder, "list.db");
  let now = 1_700_000_000_000_000;
  store = openTraceStore({ path, clock: () => (now += 1_000) });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

type Tokens = { readonly input: number; readonly output: number } | null;

interface Listed {
  readonly rollouts: readonly { readonly trace_id: string; readonly tokens: Tokens }[];
  readonly not_counted: readonly string[];
}

async function listed(of = path): Promise<Listed> {
  return JSON.parse((await run(["list", of, "--json"])).out) as Listed;
}

async function tokens(): Promise<readonly Tokens[]> {
  store.flush();
  return (await listed()).rollouts.map((rollout) => rollout.tokens);
}

/** What the graph says; null where it does not know. */
function reducedTokens(of: string, traceId: string): Tokens {
  using reader = readTraceStore(of);
  const { by_thread, total } = reduceRollout(reader.openRollout(traceId)).usage;
  const isKnown = Object.keys(by_thread).length > 0;
  return isKnown ? { input: total.input_tokens, output: total.output_tokens } : null;
}

/** A turn of a new rollout. */
function turnOf(rolloutId: string): TurnTrace {
  return store.startRollout({ rolloutId }).startTurn();
}

function ask(turn: TurnTrace, dialect: "openai_responses" | "anthropic_messages" = "openai_responses") {
  return turn.startInference({ model: "m", provider: "p", dialect, request: () => ({ input: [] }) });
}

const flat = (input: number, output: number): object => ({
  output_items: [],
  token_usage: { input_tokens: input, output_tokens: output, total_tokens: input + output },
});

describe("the tokens of a list", () => {
  it("are those of the responses, also of partial ones and of compactions, in each dialect", async () => {
    const turn = turnOf("r");
    ask(turn).completed({ response: () => flat(100, 10) });
    ask(turn).failed({ error: "cut off", partialResponse: () => flat(20, 3) });
    ask(turn).cancelled({ reason: "enough" });
    const anthropic = { input_tokens: 5, cache_read_input_tokens: 1_000, output_tokens: 7 };
    ask(turn, "anthropic_messages").completed({ response: () => ({ content: [], usage: anthropic }) });
    const compaction = turn.compaction();
    compaction
      .startRequest({ model: "m", provider: "p", request: () => ({}) })
      .completed({ response: () => ({ usage: { input_tokens: 2, output_tokens: 1 } }) });
    expect(await tokens()).toEqual([{ input: 1_127, output: 21 }]);
    const { out } = await run(["list", path]);
    expect(out.split("\n").slice(0, 2)).toEqual([
      "started               status   took   agents  turns  requests  calls  cells      tokens  problems  rollout",
      "2023-11-14 22:13:20Z  running  12 ms       1      1         4      0      0  1\u2009127 → 21  1 failed  r",
    ]);
  });

  it("count a response once that several calls show", async () => {
    const turn = turnOf("r");
    ask(turn).completed({ responseId: "one", response: () => flat(100, 10) });
    ask(turn).completed({ responseId: "one", response: () => flat(100, 10) });
    ask(turn).completed({ response: () => ({ ...flat(100, 10), id: "one" }) });
    ask(turn).completed({ responseId: "two", response: () => flat(1, 1) });
    expect(await tokens()).toEqual([{ input: 101, output: 11 }]);
  });

  it("count each response that took other tokens than one with its id, and each whose id is empty", async () => {
    const turn = turnOf("r");
    for (const input of [100, 101, 100])
      ask(turn).completed({ responseId: "412", response: () => flat(input, 10) });
    for (const id of ["", ""]) ask(turn).completed({ response: () => ({ ...flat(1, 1), id }) });
    ask(turn).completed({ responseId: "", response: () => ({ ...flat(100, 10), id: "412" }) });
    const counted = await tokens();
    expect(counted).toEqual([{ input: 203, output: 22 }]);
    store.flush();
    const { rollouts } = await listed();
    expect(counted).toEqual(rollouts.map(({ trace_id: id }) => reducedTokens(path, id)));
  });

  it("are unknown, not zero, where no response says how many there were", async () => {
    turnOf("none asked");
    ask(turnOf("none told")).completed({ response: () => ({ output_items: [] }) });
    ask(turnOf("none come"));
    ask(turnOf("told")).completed({ response: () => flat(0, 0) });
    expect(await tokens()).toEqual([{ input: 0, output: 0 }, null, null, null]);
    const { out } = await run(["list", path]);
    const column = out.split("\n").slice(1, 5);
    expect(column.map((line) => / (0 → 0|unknown|-) +- /.exec(line)?.[1])).toEqual([
      "0 → 0",
      "unknown",
      "unknown",
      "-",
    ]);
    expect((await run(["list", path], 40)).out).toContain("tokens unknown");
    expect((await listed()).not_counted).toEqual(["diagnostics", "findings"]);
  });

  it("are unknown where a response cannot be read, or belongs to no request", async () => {
    for (const rolloutId of ["damaged", "strange", "sound"]) {
      const turn = turnOf(rolloutId);
      for (let count = 0; count < 2; count += 1) ask(turn).completed({ response: () => flat(10, 1) });
    }
    store.flush();
    const database = new Database(path);
    database.exec(`
      DELETE FROM payloads WHERE kind = 'inference_response' AND ordinal > 2
        AND rollout = (SELECT rollout FROM rollouts WHERE rollout_id = 'damaged');
      UPDATE events SET body = json_set(body, '$.inference_call_id', 'another') WHERE type = 'inference_completed'
        AND rollout = (SELECT rollout FROM rollouts WHERE rollout_id = 'strange') AND seq > 5;`);
    database.close();
    expect(await tokens()).toEqual([{ input: 20, output: 2 }, null, null]);
  });

  it("are those of the newest rollouts where there are more responses than can be read in time, and that is said", async () => {
    const [few, many] = [20, 4_990];
    ask(turnOf("old")).completed({ response: () => flat(1, 1) });
    for (const [rolloutId, responses] of [
      ["large", few + 1],
      ["new", many],
    ] as const) {
      const turn = turnOf(rolloutId);
      for (let count = 0; count < responses; count += 1) ask(turn).completed({ response: () => flat(1, 2) });
    }
    expect(await tokens()).toEqual([{ input: many, output: 2 * many }, null, { input: 1, output: 1 }]);
    expect((await listed()).not_counted).toEqual(["tokens", "diagnostics", "findings"]);
    const { out } = await run(["list", path]);
    expect(out).toMatch(
      /\ntokens of 1 rollout are unknown: read are at most the responses of 5\u2009000 requests/,
    );
  });

  it.skipIf(CORPUS_MISSING !== null)(
    `are what the graph of every real recording says ${CORPUS_MISSING ?? ""}`,
    async () => {
      const db = join(folder, "corpus.db");
      await run(["import", CORPUS, "--store", db]);
      const { rollouts } = await listed(db);
      expect(rollouts.length).toBeGreaterThan(50);
      expect(rollouts.filter((rollout) => rollout.tokens !== null).length).toBeGreaterThan(50);
      const shown = rollouts.map(({ trace_id: traceId, tokens: of }) => [traceId, of]);
      expect(shown).toEqual(rollouts.map(({ trace_id: id }) => [id, reducedTokens(db, id)]));
    },
    120_000,
  );
});
