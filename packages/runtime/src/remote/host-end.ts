/** How a child ended, in words and as a reason. */

/**
 * - `exited`: by itself or by a signal of somebody else
 * - `not_started`: the program could not be run
 * - `silent`: it did not answer while it had something to do, and was killed
 * - `memory`: its resident memory passed the limit, and it was killed
 * - `incompatible`: the two sides do not speak the same protocol, and it was killed
 * - `garbled`: it said something that is not understood, and was killed
 * - `replaced`: an isolate in it was stuck or poisoned; its other cells were done or the grace was over
 * - `closed`: the provider was closed
 */
export type HostEndReason =
  | "exited"
  | "not_started"
  | "silent"
  | "memory"
  | "incompatible"
  | "garbled"
  | "replaced"
  | "closed";

export interface HostEnd {
  readonly reason: HostEndReason;
  /** In words, which are recorded and which a model may be shown. */
  readonly cause: string;
  /** For a person: the cause, and what it logged last where it ended by itself, paths and all. */
  readonly message: string;
}
