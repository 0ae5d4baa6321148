/** What V8 has to be told before it runs a script that somebody may want to stop. */
import v8 from "node:v8";

/**
 * Turns off one optimisation for the whole process: unrolling inner loops drops the interrupt check of the loop around them,
 * after which `while (true) { globalThis.z = new Array(1000) }` could never be stopped. Must come before the first isolate.
 */
export function keepLoopsInterruptible(): void {
  v8.setFlagsFromString("--no-turboshaft-loop-unrolling");
}
