/**
 * `npm run bench -- cli [--turns N] [--rollouts N] [--rounds N]`: what a person waits for who types a command: the built program as
 * a process of its own, its start and its end included. Times are processor time of all its threads, except that the first output is
 * also timed by the clock, which is what the bound is for; all are the least of several rounds: what others do on the machine makes
 * a process slower, never faster.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { JsonValue } from "@rollout-trace/protocol";
import { functionCall, functionOutput, userMessage } from "@rollout-trace/reducer/testing";
import { openTraceStore } from "@rollout-trace/trace";
import { storeOfManyRollouts } from "../support/many-rollouts.ts";
import { type BenchRow, benchRow } from "./bench.ts";

const MAIN = resolve(import.meta.dirname, "../../packages/cli/dist/main.js");
/** Milliseconds that a person waits for the first line without thinking of something else. */
const BOUND_MS = 2_000;
const WINDOW_TURNS = 40;
/** In each of the two turns of one of very many rollouts. */
const REQUESTS = 2;

export async function cliBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      turns: { type: "string", default: "10000" },
      rollouts: { type: "string", default: "10000" },
      rounds: { type: "string", default: "7" },
    },
  });
  const [turns, rollouts, rounds] = [values.turns, values.rollouts, values.rounds].map(Number) as [
    number,
    number,
    number,
  ];
  const folder = mkdtempSync(join(tmpdir(), "cli-bench-"));
  try {
    const [long, many] = [join(folder, "long.db"), join(folder, "many.db")];
    recordLong(long, turns);
    storeOfManyRollouts(many, rollouts, { requests: REQUESTS });
    const commands = {
      node: ["-e", "0"],
      version: [MAIN, "--version"],
      list: [MAIN, "list", many],
      show: [MAIN, "show", long],
    } as const;
    const least = new Map<string, Waited>();
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, command] of Object.entries(commands)) {
        least.set(name, leastOf(least.get(name), await waited(command)));
      }
    }
    const ms = (name: keyof typeof commands): Waited => least.get(name) ?? NEVER;
    const baseline = ms("node").whole;
    const row = (name: string, value: number, more: { baseline?: number; bound?: number } = {}): BenchRow =>
      benchRow({ bench: "cli", case: name, value, unit: "ms", ...more });
    const start = "start: `--version`, against an empty program of Node";
    return [
      row(start, ms("version").whole, { baseline }),
      row(`list, ${rollouts} rollouts: until the first output`, ms("list").first),
      row(`list, ${rollouts} rollouts: the same by the clock`, ms("list").firstByClock, { bound: BOUND_MS }),
      row(`list, ${rollouts} rollouts: all of it`, ms("list").whole),
      row(`show, ${turns} turns: until the first output`, ms("show").first),
      row(`show, ${turns} turns: the same by the clock`, ms("show").firstByClock, { bound: BOUND_MS }),
      row(`show, ${turns} turns: all of it`, ms("show").whole),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds, of processor time where nothing else is said. */
interface Waited {
  readonly first: number;
  /** Since the process began; what else the machine does is in it. */
  readonly firstByClock: number;
  readonly whole: number;
}

const NEVER: Waited = {
  first: Number.POSITIVE_INFINITY,
  firstByClock: Number.POSITIVE_INFINITY,
  whole: Number.POSITIVE_INFINITY,
};

function leastOf(one: Waited = NEVER, other: Waited): Waited {
  return {
    first: Math.min(one.first, other.first),
    firstByClock: Math.min(one.firstByClock, other.firstByClock),
    whole: Math.min(one.whole, other.whole),
  };
}

/** Runs in the process, which tells its times at its end. */
const WATCH = `
  import { writeSync } from "node:fs";
  const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  const write = process.stdout.write;
  let first = null;
  const output = () => (first ??= { first: used(), firstByClock: performance.now() });
  process.stdout.write = function (...args) { output(); return write.apply(this, args); };
  process.on("exit", () => writeSync(3, JSON.stringify({ ...output(), whole: used() })));`;

async function waited(command: readonly string[]): Promise<Waited> {
  const watch = `data:text/javascript,${encodeURIComponent(WATCH)}`;
  const child = spawn(process.execPath, ["--import", watch, ...command], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  let told = "";
  child.stdio[3]?.on("data", (text: Buffer) => {
    told += text.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
  return JSON.parse(told) as Waited;
}

/** A conversation whose requests are whole, compacted now and then. */
function recordLong(path: string, turns: number): void {
  using writer = openTraceStore({ path, durability: "batch" });
  const thread = writer.startRollout();
  let input: JsonValue[] = [];
  const model = { model: "m", provider: "p", dialect: "openai_responses" } as const;
  const usage = { input_tokens: 900, output_tokens: 90, total_tokens: 990 };
  for (let index = 0; index < turns; index += 1) {
    const turn = thread.startTurn();
    const call = functionCall(`call-${index}`, "read", { path: `src/${index}.ts` });
    input.push(userMessage(`question ${index} `.repeat(10)));
    const first = turn.startInference({ ...model, request: () => ({ input: [...input] }) });
    first.completed({ responseId: `r-${index}a`, response: () => ({ output_items: [call], usage }) });
    const kind = { type: "exec_command" } as const;
    turn.startToolCall({ kind, modelVisibleCallId: `call-${index}`, inputPreview: `${index}.ts` }).ended();
    input.push(call, functionOutput(`call-${index}`, `line ${index} of the output\n`.repeat(50)));
    const second = turn.startInference({ ...model, request: () => ({ input: [...input] }) });
    const said = [{ type: "output_text", text: `answer ${index} `.repeat(20) }];
    const answer = { type: "message", role: "assistant", content: said };
    second.completed({ responseId: `r-${index}b`, response: () => ({ output_items: [answer], usage }) });
    input.push(answer);
    if ((index + 1) % WINDOW_TURNS === 0) {
      const replacement = [userMessage(`summary ${index}`)];
      const checkpoint = { input_history: input, replacement_history: replacement };
      turn.compaction().installed(() => checkpoint);
      input = [...replacement];
      writer.flush();
    }
    turn.end("completed");
  }
  thread.endRollout();
}
