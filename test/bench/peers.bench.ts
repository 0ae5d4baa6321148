/**
 * `npm run bench -- peers [--rounds 30] [--calls 200] [--turns 50,100,200]`: the same scripts in other ways to run them, and the
 * same bundles in Codex's reducer where that is installed. `npm run bench -- install-peers [--codex]` installs them.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow, median } from "./bench.ts";
import { codexFolder, installPeers } from "./peers/install-peers.ts";
import { runTrial } from "./trial.ts";

const bench = "peers";
const IN_PROCESS = ["node:vm", "worker thread", "quickjs-emscripten", "@utcp/code-mode"];
const CODEX_HOST = "codex-code-mode-host";
/** Each a process of its own. */
const REDUCE_TRIALS = 3;

export async function peersBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "30" },
      calls: { type: "string", default: "200" },
      turns: { type: "string", default: "50,100,200" },
    },
  });
  installPeers({ codex: false });
  const figures = await runTrial("peers-trial.ts", [values.rounds, values.calls]);
  const hasCodex = codexFolder() !== null;
  const rows = [
    ...IN_PROCESS.map((peer) => scriptRow(figures, "exec", "in process", peer)),
    ...IN_PROCESS.map((peer) => scriptRow(figures, "call", "in process", peer)),
  ];
  if (!hasCodex) return rows;
  rows.push(scriptRow(figures, "exec", "process boundary", CODEX_HOST));
  rows.push(scriptRow(figures, "call", "process boundary", CODEX_HOST));
  for (const turns of values.turns.split(",")) rows.push(await reduceRow(turns));
  return rows;
}

const WHAT = { exec: "a script that says one word", call: "one call of a tool, one after the other" };

function scriptRow(
  figures: Readonly<Record<string, number>>,
  what: "exec" | "call",
  own: string,
  peer: string,
): BenchRow {
  const of = (name: string): number => figures[name] ?? Number.NaN;
  return benchRow({
    bench,
    case: `${WHAT[what]}, ${own}, against ${peer}`,
    value: of(`${own}.${what}`),
    unit: "ms",
    baseline: of(`${peer}.${what}`),
    ratio: of(`${peer}.${what}Ratio`),
  });
}

async function reduceRow(turns: string): Promise<BenchRow> {
  const trials: Readonly<Record<string, number>>[] = [];
  for (let trial = 0; trial < REDUCE_TRIALS; trial += 1) {
    trials.push(await runTrial("reduce-peer-trial.ts", [turns]));
  }
  const of = (name: string): number => median(trials.map((trial) => trial[name] ?? Number.NaN));
  return benchRow({
    bench,
    case: `reducing a bundle of ${turns} growing requests, against codex debug trace-reduce`,
    value: of("ownMs"),
    unit: "ms",
    baseline: of("codexMs"),
  });
}
