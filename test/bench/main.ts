/**
 * `npm run bench`: all benchmarks as a report into `docs/`. `npm run bench -- NAME [--json FILE] [options of the benchmark]`: one
 * of them. `npm run bench -- install-peers [--codex]`: what they compare with. `npm run bench -- list`: their names.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchRow, figure } from "./bench.ts";
import { BENCHES } from "./benches.ts";
import { installPeers } from "./peers/install-peers.ts";
import { writeReport } from "./report.ts";

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || name === "report") {
  const out = rest[rest.indexOf("--out") + 1];
  const folder = rest.includes("--out") && out !== undefined ? out : join(import.meta.dirname, "../../docs");
  const { rows } = await writeReport(folder, { isQuick: rest.includes("--quick") });
  print(rows);
} else if (name === "install-peers") installPeers({ codex: rest.includes("--codex") });
else if (name === "list") console.log([...BENCHES.keys()].join("\n"));
else await runOne(name, rest);

async function runOne(bench: string, given: readonly string[]): Promise<void> {
  const jsonAt = given.indexOf("--json");
  const jsonFile = jsonAt === -1 ? undefined : given[jsonAt + 1];
  const entry = BENCHES.get(bench);
  if (entry === undefined || (jsonAt !== -1 && jsonFile === undefined)) {
    const wrong = entry === undefined ? `no benchmark ${bench}` : "--json takes a file to write";
    console.error(`${wrong}. Benchmarks: ${[...BENCHES.keys()].join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const rows = await (await entry.load())(jsonAt === -1 ? given : given.toSpliced(jsonAt, 2));
  print(rows);
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(rows, null, 2)}\n`);
}

function print(rows: readonly BenchRow[]): void {
  const cells = rows.map((row) => [
    row.case,
    figure(row.value, row.unit),
    row.baseline === null ? "" : figure(row.baseline, row.unit),
    row.ratio === null ? "" : `${row.ratio.toFixed(2)}×`,
    row.bound === null ? "" : `≤ ${row.bound}`,
    row.within === null ? "" : row.within ? "holds" : "MISSED",
  ]);
  const head = ["case", "value", "baseline", "ratio", "bound", ""];
  const table = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  for (const line of table) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}
