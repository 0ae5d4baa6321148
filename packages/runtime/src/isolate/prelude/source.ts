/**
 * The prelude as text: the functions of this folder, each self-contained, put together for the isolate.
 *
 * They are ordinary checked functions, written out with their own source text, so there is no second copy to drift.
 */
import { boot, type PreludeParts } from "./boot.ts";
import { refuseResizableBuffers } from "./buffers.ts";
import { installClock } from "./clock.ts";
import { makeHelpers } from "./helpers.ts";
import { makeImageParser } from "./image.ts";
import { makeOutbox } from "./outbox.ts";
import { rehearse } from "./rehearse.ts";
import { makeStored } from "./stored.ts";
import { makeTimers } from "./timers.ts";
import { makeToolCalls } from "./tool-calls.ts";

/** The file name of the prelude in the isolate's stack traces; its lines are taken out of what the model reads. */
export const PRELUDE_FILE = "code-mode-prelude";

const PARTS: PreludeParts = {
  installClock,
  makeHelpers,
  makeImageParser,
  makeOutbox,
  makeStored,
  makeTimers,
  makeToolCalls,
  refuseResizableBuffers,
  rehearse,
};

/** Body of a closure: `$0` is `post`, `$1` and `$2` are the gate, `$3` the configuration as JSON. Returns `deliver`. */
export const PRELUDE_SOURCE: string = `"use strict";
return (${boot.toString()})($0, { knock: $1, opened: $2 }, JSON.parse($3), {
${Object.entries(PARTS)
  .map(([name, part]) => `  ${name}: ${String(part)},`)
  .join("\n")}
});`;
