/**
 * Writes a session log of about so many megabytes and imports it in a process of its own.
 * Usage: import-trial.ts FILE MEGABYTES, with --expose-gc. Prints a line of JSON.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { openSource } from "@rollout-trace/cli";
import { LogBuilder } from "./log-builder.ts";

const [, , path = "", megabytes = "1"] = process.argv;
/** Requests of a turn; each has reasoning, a command and about 5 kB of output. */
const CALLS = 20;
const OUTPUT = "a line of what a command printed; ".repeat(140);

/** Turns until the file is large enough. Gives its size in bytes. */
function writeLog(): number {
  const file = openSync(path, "w");
  let bytes = writeSync(file, new LogBuilder().meta().text());
  for (let turn = 1; bytes < Number(megabytes) * 1e6; turn += 1) {
    const log = new LogBuilder().begin(`t${turn}`).user(`do it, for the ${turn}th time`);
    for (let call = 1; call <= CALLS; call += 1) {
      const id = `call_${turn}_${call}`;
      log
        .item({ type: "reasoning", summary: [], encrypted_content: id.repeat(30) })
        .call("exec_command", { cmd: `make ${id}` }, id)
        .output(id, `Wall time: 1 seconds\nProcess exited with code 0\nOutput:\n${id} ${OUTPUT}`)
        .tokens(turn);
    }
    log.says("done").tokens(turn).end(`t${turn}`);
    bytes += writeSync(file, log.text());
  }
  closeSync(file);
  return bytes;
}

const logBytes = writeLog();
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
