/** What a cell's outcome depended on besides its source, in memory and bounded while the cell runs. */
import type { CellDelivery, CellJournal } from "@rollout-trace/protocol";

/** Enough for the largest `Promise.all` that the default limits allow, several times over; about 2 MiB at worst. */
export const JOURNAL_ENTRIES = 65_536;

export class JournalRecorder {
  readonly #seed: number;
  readonly #clockReads: number[] = [];
  readonly #deliveries: CellDelivery[] = [];
  /** Invariant: true exactly when something that belongs into the journal is not in it. */
  #truncated = false;

  constructor(seed: number) {
    this.#seed = seed;
  }

  delivered(delivery: CellDelivery): void {
    if (this.#deliveries.length < JOURNAL_ENTRIES) this.#deliveries.push(delivery);
    else this.#truncated = true;
  }

  /** Takes the guest's comma-separated reads. */
  clockRead(reads: string): void {
    for (const read of reads.split(",")) {
      const time = Number(read);
      if (!Number.isFinite(time)) continue;
      if (this.#clockReads.length < JOURNAL_ENTRIES) this.#clockReads.push(time);
      else this.#truncated = true;
    }
  }

  /** The isolate was stopped in the middle of a turn: what it read in that turn is not known. */
  interrupted(): void {
    this.#truncated = true;
  }

  finish(): CellJournal {
    return {
      random_seed: this.#seed,
      clock_reads: this.#clockReads,
      deliveries: this.#deliveries,
      truncated: this.#truncated,
    };
  }
}
