/** Everything that is fuzzed. */
import type { FuzzTarget } from "../target.ts";
import { CODE_MODE_TARGETS } from "./code-mode.ts";
import { EVENT_TARGETS } from "./events.ts";
import { IMPORTER_TARGETS } from "./importers.ts";
import { TEXT_TARGETS } from "./recorded-text.ts";

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...EVENT_TARGETS,
  ...IMPORTER_TARGETS,
  ...CODE_MODE_TARGETS,
  ...TEXT_TARGETS,
];
