/**
 * What a command's argument names. Most of the time that is a store, and the readers of all other formats take longer to load
 * than a store to open: they are loaded only for something else.
 */
import type { OpenSource, SourceOptions } from "../sources/open-source.ts";
import type { SourceFormat } from "../sources/source-format.ts";
import { isStoreFile, openStoreRollout } from "../sources/store.ts";

/** As `openSource`. */
export async function openNamedSource(path: string, options: SourceOptions): Promise<OpenSource> {
  if ((options.from === undefined || options.from === "store") && isStore(path)) {
    return { format: "store", ...openStoreRollout(path, options.rollout) };
  }
  const { openSource } = await import("../sources/open-source.ts");
  return openSource(path, options);
}

/** As `detectFormat`. */
export async function namedFormat(path: string): Promise<SourceFormat> {
  if (isStore(path)) return "store";
  const { detectFormat } = await import("../sources/formats.ts");
  return detectFormat(path);
}

/** Whether this is one store. False for what cannot be read, too: why that is so, the others say. */
export function isStore(path: string): boolean {
  try {
    return isStoreFile(path);
  } catch {
    return false;
  }
}
