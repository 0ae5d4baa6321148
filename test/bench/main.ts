/** `npm run bench -- NAME [--json FILE] [options of the benchmark]`; without a name it lists the benchmarks. */
import { writeFileSync } from "node:fs";
import type { Bench, BenchRow } from "./bench.ts";

const BENCHES: ReadonlyMap<string, () => Promise<Bench>> = new Map([
  ["event-loop", async () => (await import("./event-loop.bench.ts")).eventLoopBench],
  ["exec-overhead", async () => (await import("./exec-overhead.bench.ts")).execOverheadBench],
  ["process-boundary", async () => (await import("./process-boundary.bench.ts")).processBoundaryBench],
  ["recorder", async () => (await import("./recorder.bench.ts")).recorderBench],
  ["reduce", async () => (await import("./reduce.bench.ts")).reduceBench],
  ["tool-call", async () => (await import("./tool-call.bench.ts")).toolCallBench],
]);

const [name, ...rest] = process.argv.slice(2);
const jsonAt = rest.indexOf("--json");
const jsonFile = jsonAt === -1 ? undefined : rest[jsonAt + 1];
const args = jsonAt === -1 ? rest : rest.toSpliced(jsonAt, 2);
const load = name === undefined ? undefined : BENCHES.get(name);

if (load === undefined) {
  console.error(
    `${name === undefined ? "" : `no benchmark ${name}. `}Benchmarks: ${[...BENCHES.keys()].join(", ")}`,
  );
  process.exitCode = 2;
} else if (jsonAt !== -1 && jsonFile === undefined) {
  console.error("--json takes a file to write");
  process.exitCode = 2;
} else {
  const rows = await (await load())(args);
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

function figure(value: number, unit: string): string {
  const digits = Number.isInteger(value) || value >= 1000 ? 0 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}
