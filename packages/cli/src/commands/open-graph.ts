/** A source, open, and its graph: where every command begins that asks about one rollout. */
import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import type { CommandIo } from "../io.ts";
import { type OpenSource, openSource, type SourceOptions } from "../sources/open-source.ts";
import { watched } from "./progress.ts";

export interface OpenGraph extends Disposable {
  readonly source: OpenSource;
  readonly graph: RolloutGraph;
}

/** Throws what `openSource` throws. */
export function openGraph(path: string, options: SourceOptions, io: CommandIo): OpenGraph {
  const source = openSource(path, options);
  try {
    const graph = watched(io, "reducing", (onProgress) => reduceRollout(source.rollout, { onProgress }));
    return { source, graph, [Symbol.dispose]: () => source[Symbol.dispose]() };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}
