/** One way to run a script that a model wrote, as the comparison sees it. */

export interface Peer {
  readonly name: string;
  /** Runs a script that says one word, in whatever is fresh there. */
  trivial(): Promise<void>;
  /** Runs a script that makes so many calls, each after the answer to the one before, and adds up the answers. */
  calls(count: number): Promise<void>;
  close(): void | Promise<void>;
}

/** What the tool `echo` of every peer does. */
export async function echo(input: unknown): Promise<unknown> {
  return input;
}

/** The sum of 0 to `count` − 1, which a script that adds up its answers gives. */
export function sumOf(count: number): number {
  return (count * (count - 1)) / 2;
}

export function check(peer: string, given: unknown, expected: unknown): void {
  if (given !== expected) throw new Error(`${peer}: expected ${String(expected)}, got ${String(given)}`);
}
