/**
 * Writes a transcript of about so many megabytes and imports it in a process of its own.
 * Usage: import-trial.ts FILE MEGABYTES, with --expose-gc. Prints a line of JSON.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { openSource } from "@rollout-trace/cli";
import { TranscriptBuilder } from "./transcript-builder.ts";

const [, , path = "", megabytes = "1"] = process.argv;
/** Responses of a turn; each has a thought, a command and about 5 kB of output, which the host tells twice. */
const RESPONSES = 20;
const OUTPUT = "a line of what a command printed; ".repeat(75);

/** Turns until the file is large enough; every hundredth goes back, every thousandth compacts. Gives its size in bytes. */
function writeTranscript(): number {
  const file = openSync(path, "w");
  const text = (log: TranscriptBuilder) => writeSync(file, log.content());
  let bytes = 0;
  let last: string | null = null;
  for (let turn = 1; bytes < Number(megabytes) * 1e6; turn += 1) {
    const log = new TranscriptBuilder({}, `0f8fad5b-d9cb-469f-a165-${turn}-`);
    log.user(`do it, for the ${turn}th time`, { parent: last });
    if (turn % 100 === 0) log.text(`msg_${turn}_`, "left behind").user("rather so", { parent: last });
    for (let response = 1; response <= RESPONSES; response += 1) {
      const id = `msg_01Vk7Nw6nMvw9zsnWpErv_${turn}_${response}`;
      const callId = `toolu_01EmKA8FJ7B2Ah9seGxK1_${turn}_${response}`;
      const stdout = `${callId} ${OUTPUT}`;
      log
        .says(id, [{ type: "thinking", thinking: "", signature: callId.repeat(6) }])
        .use(id, "Bash", callId, { command: `make ${callId}` })
        .result(callId, stdout, { toolUseResult: { stdout, stderr: "", interrupted: false } });
    }
    log.text(`msg_01Vk7Nw6nMvw9zsnWpErv_${turn}`, "done").system("turn_duration");
    if (turn % 1000 === 0)
      log.system("compact_boundary", { parent: null }).user("all done", { isCompactSummary: true });
    last = log.last;
    bytes += text(log);
  }
  closeSync(file);
  return bytes;
}

const logBytes = writeTranscript();
const collect = (globalThis as { readonly gc?: () => void }).gc;
if (collect === undefined) throw new Error("run with --expose-gc");
using source = openSource(path);
collect();
const before = process.memoryUsage().heapUsed;
const { user } = process.cpuUsage();
let events = 0;
let problems = 0;
for (const { type } of source.rollout.events()) {
  if (type === "event") events += 1;
  else problems += 1;
}
const cpuMs = Math.round((process.cpuUsage().user - user) / 1e3);
collect();
const keptBytes = process.memoryUsage().heapUsed - before;
const peakRssBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ logBytes, events, problems, keptBytes, peakRssBytes, cpuMs })}\n`);
