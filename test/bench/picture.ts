/** Growth as pictures: each kind of figure against the length of a rollout, both logarithmic. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchRow } from "./bench.ts";
import { importPeer, installPeers } from "./peers/install-peers.ts";

interface Vega {
  parse(spec: unknown): unknown;
  readonly View: new (runtime: unknown, options: object) => { toSVG(): Promise<string> };
}
interface VegaLite {
  readonly compile: (spec: unknown) => { readonly spec: unknown };
}

const PICTURES = [
  { file: "time-to-reduce.svg", title: "reducing: µs per event", of: ["reducing"] },
  { file: "size.svg", title: "bytes per event", of: ["store", "graph"] },
  {
    file: "recording-call.svg",
    title: "a recording call: µs",
    of: ["recording call, median", "recording call, 99th percentile"],
  },
] as const;

/** Draws what the benchmark `scaling` measured; gives the names of the files. */
export async function drawScaling(rows: readonly BenchRow[], folder: string): Promise<readonly string[]> {
  const points = rows.filter(({ bench }) => bench === "scaling").map(pointOf);
  installPeers({ codex: false });
  const vega = await importPeer<Vega>("vega");
  const { compile } = await importPeer<VegaLite>("vega-lite");
  for (const { file, title, of } of PICTURES) {
    const values = points.filter(({ name }) => (of as readonly string[]).includes(name));
    const { spec } = compile(specOf(title, values));
    const svg = await new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
    writeFileSync(join(folder, file), `${svg}\n`);
  }
  return PICTURES.map(({ file }) => file);
}

interface Point {
  readonly name: string;
  readonly events: number;
  readonly value: number;
}

/** The case of a row is `NAME, LENGTH events: per event`. */
function pointOf({ case: text, value }: BenchRow): Point {
  const [, name = "", length = ""] = /^(.*), ([\d ]+) events/.exec(text) ?? [];
  return { name, events: Number(length.replaceAll(" ", "")), value };
}

function specOf(title: string, values: readonly Point[]): object {
  const top = 2 * Math.max(...values.map(({ value }) => value));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    width: 420,
    height: 220,
    background: "white",
    data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "events",
        type: "quantitative",
        scale: { type: "log" },
        axis: { title: "events", format: "~s" },
      },
      y: {
        field: "value",
        type: "quantitative",
        scale: { domain: [0, top] },
        axis: { title: null, format: "~s" },
      },
      color: { field: "name", type: "nominal", legend: { title: null, orient: "bottom" } },
    },
  };
}
