/** The folder of real recordings beside the checkout; it is not part of the project and may be missing. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

export const CORPUS: string = resolve(import.meta.dirname, "../../../shared/corpus");

/** Why tests over real recordings do not run here, or null where they do. */
export const CORPUS_MISSING: string | null = existsSync(CORPUS)
  ? null
  : `skipped: the folder of real recordings (${CORPUS}) is missing`;
