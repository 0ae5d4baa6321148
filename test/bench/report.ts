/**
 * All benchmarks as one report: `performance.md`, `performance.json` with commit, date and machine, and a picture for each curve.
 * What misses its bound comes first.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem, type as osType } from "node:os";
import { join } from "node:path";
import { type BenchRow, figure } from "./bench.ts";
import { BENCHES, type BenchEntry } from "./benches.ts";
import { hasPeers } from "./peers/install-peers.ts";
import { drawScaling } from "./picture.ts";

export interface Report {
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  /** Load average of the last minute when it began and when it ended. */
  readonly load: readonly [number, number];
  readonly minutes: number;
  readonly rows: readonly BenchRow[];
}

/** Runs everything and writes into `folder`. `isQuick`: small numbers that show that it works, and nothing else. */
export async function writeReport(
  folder: string,
  { isQuick }: { readonly isQuick: boolean },
): Promise<Report> {
  const began = { at: Date.now(), load: loadNow() };
  const rows: BenchRow[] = [];
  for (const [name, entry] of BENCHES) {
    // Its packages are on the registry, which a test does not ask.
    if (isQuick && name === "peers" && !hasPeers()) continue;
    console.error(`${new Date().toISOString().slice(11, 19)} ${name}`);
    rows.push(...(await (await entry.load())(isQuick ? entry.quick : [])));
  }
  const report: Report = {
    commit: commitNow(),
    date: new Date(began.at).toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${osType()}`,
    node: process.version,
    load: [began.load, loadNow()],
    minutes: Math.round((Date.now() - began.at) / 6000) / 10,
    rows,
  };
  mkdirSync(join(folder, PICTURES), { recursive: true });
  for (const file of readdirSync(join(folder, PICTURES))) rmSync(join(folder, PICTURES, file));
  const pictures = isQuick ? [] : await drawScaling(rows, join(folder, PICTURES));
  writeFileSync(join(folder, "performance.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, "performance.md"), markdown(report, pictures));
  return report;
}

const PICTURES = "performance";

function loadNow(): number {
  return loadavg()[0] ?? Number.NaN;
}

function commitNow(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", [...args], { encoding: "utf8", cwd: import.meta.dirname }).trim();
  const isChanged = git("status", "--porcelain", "--untracked-files=no") !== "";
  return `${git("rev-parse", "--short", "HEAD")}${isChanged ? " with changes" : ""}`;
}

function markdown(report: Report, pictures: readonly string[]): string {
  const missed = report.rows.filter(({ within }) => within === false);
  return `# Performance

Made by \`npm run bench\`; do not edit. Every time has its floor, or what one would use instead, beside it, measured in the
same run: on a machine that is shared only ratios mean anything. \`npm run bench -- NAME\` runs one of the benchmarks,
\`--json FILE\` keeps its figures; [performance.json](performance.json) has those below.

Commit ${report.commit}, ${report.date}, Node ${report.node}, ${report.machine}; ${report.minutes} minutes at a load of
${report.load.map((load) => load.toFixed(1)).join(" to ")}.

## What falls short

${missed.length === 0 ? "Nothing." : table(missed)}
${pictures.length === 0 ? "" : `\n## Growth\n\n${pictures.map((file) => `![${file.replace(".svg", "").replaceAll("-", " ")} against the length of a rollout](${PICTURES}/${file})`).join("\n")}\n`}
${[...BENCHES].map(([name, entry]) => section(name, entry, report)).join("\n")}`;
}

function section(name: string, { about }: BenchEntry, { rows }: Report): string {
  const own = rows.filter(({ bench }) => bench === name);
  return `## ${name}\n\n${about}\n\`npm run bench -- ${name}\`\n\n${own.length === 0 ? "Not measured." : table(own)}\n`;
}

function table(rows: readonly BenchRow[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(["case", "value", "baseline", "ratio", "bound", ""]),
    "|---|---:|---:|---:|---:|---|",
    ...rows.map((row) =>
      line([
        row.case,
        figure(row.value, row.unit),
        row.baseline === null ? "" : figure(row.baseline, row.unit),
        row.ratio === null ? "" : `${row.ratio.toFixed(2)}×`,
        row.bound === null ? "" : `≤ ${row.bound}`,
        row.within === null ? "" : row.within ? "holds" : "**missed**",
      ]),
    ),
  ].join("\n");
}
