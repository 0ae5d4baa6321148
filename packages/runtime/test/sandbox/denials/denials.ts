/** All ways to use up a host that the suite knows. */
import type { Denial } from "../technique.ts";
import { FLOOD_DENIALS } from "./floods.ts";
import { MEMORY_DENIALS } from "./memory.ts";
import { PROCESSOR_DENIALS } from "./processor.ts";

export const DENIALS: readonly Denial[] = [...PROCESSOR_DENIALS, ...MEMORY_DENIALS, ...FLOOD_DENIALS];
