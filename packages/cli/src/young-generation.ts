/**
 * A bound for the memory that new objects live in.
 *
 * Where most of what is made stays, as in a reduction, V8 lets that space grow to 128 MB. Every page of it has to come from the system
 * first, which costs more than the collections that it saves: measured over 10 000 turns, a fifth of the memory and of the
 * time. What bounds it can only be given to a process when it starts, by whoever starts it; but its growth can be stopped.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Bytes of both halves. Smaller ones are collected too often, larger ones gave nothing. */
const ENOUGH = 32 * 1024 * 1024;

/** The V8 of Node 24, whose flag this is. Another one may know it by another name, and would say so on stderr. */
const IS_KNOWN = process.versions.v8.startsWith("13.");

/** Whoever started the process may have said how large it is to be. */
const IS_GIVEN = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].some((text) =>
  /semi[-_]space/.test(text),
);

/** To be called now and then while much is made: stops the growth once there is enough. For the whole process, and for good. */
export function stopYoungGrowth(): void {
  if (isStopped || spaceOfNew() < ENOUGH) return;
  isStopped = true;
  setFlagsFromString("--semi-space-growth-factor=1");
}

let isStopped = !IS_KNOWN || IS_GIVEN;

function spaceOfNew(): number {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
  return space?.space_size ?? 0;
}
