/** What a process has after a run that it did not have before, and how much of that is too much. */
import type { ProcessState } from "./process-state.ts";

/**
 * Growth that is taken for none. Memory has no exact size: caches fill, and an allocator keeps what it may need again. A leak of
 * a kilobyte per cell is over these bounds within ten minutes.
 */
const TOLERANCE = Object.freeze({
  /** Of the figure before. */
  share: 0.25,
  /** Bytes, on top. */
  bytes: 16 * 1024 * 1024,
});

/** What was left, in words. */
export function compareStates(before: ProcessState, after: ProcessState): readonly string[] {
  const problems: string[] = [];
  if (after.openFiles > before.openFiles)
    problems.push(`${after.openFiles} files are open, and ${before.openFiles} were`);
  const children = after.children.filter((pid) => !before.children.includes(pid));
  if (children.length > 0) problems.push(`children are left: ${children.join(", ")}`);
  for (const [kind, count] of Object.entries(after.resources)) {
    const had = before.resources[kind] ?? 0;
    if (count > had) problems.push(`${count} active resources of kind ${kind}, and there were ${had}`);
  }
  return problems;
}

export interface MemoryRow {
  readonly text: string;
  /** Null when it is within the tolerance. */
  readonly problem: string | null;
}

export function memoryRow(name: string, before: number, after: number): MemoryRow {
  const limit = before * (1 + TOLERANCE.share) + TOLERANCE.bytes;
  const text = `${name}: ${mega(before)} MB before, ${mega(after)} MB after, at most ${mega(limit)} MB`;
  return { text, problem: after > limit ? text : null };
}

function mega(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
