/**
 * Whether this process is writing to a store right now. A host may trace its database driver: spans that the recorder's own
 * statements make are told from the host's by this, lest recording a span record another one.
 */
let depth = 0;

export function atWork(work: () => void): void {
  depth += 1;
  try {
    work();
  } finally {
    depth -= 1;
  }
}

export function isAtWork(): boolean {
  return depth > 0;
}
