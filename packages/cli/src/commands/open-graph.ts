/** A source, open, and its graph: where every command begins that asks about one rollout. */
import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import type { CommandIo } from "../io.ts";
import type { OpenSource, SourceOptions } from "../sources/open-source.ts";
import { openNamedSource } from "./open-named-source.ts";
import { watched } from "./progress.ts";

export interface OpenGraph extends Disposable {
  readonly source: OpenSource;
  readonly graph: RolloutGraph;
}

/** Rejects with what `openSource` throws. */
export async function openGraph(path: string, options: SourceOptions, io: CommandIo): Promise<OpenGraph> {
  const source = await openNamedSource(path, options);
  try {
    const graph = watched(io, "reducing", (onProgress) => reduceRollout(source.rollout, { onProgress }));
    return { source, graph, [Symbol.dispose]: () => source[Symbol.dispose]() };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}
