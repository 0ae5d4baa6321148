/** All ways out that the suite knows. */
import type { Escape } from "../technique.ts";
import { CLIMBS } from "./climbs.ts";
import { FEATURES } from "./features.ts";
import { LEAKS } from "./leaks.ts";
import { PROMISES } from "./promises.ts";
import { STACKS } from "./stacks.ts";
import { VALUES } from "./values.ts";

export const ESCAPES: readonly Escape[] = [
  ...CLIMBS,
  ...STACKS,
  ...PROMISES,
  ...VALUES,
  ...FEATURES,
  ...LEAKS,
];
