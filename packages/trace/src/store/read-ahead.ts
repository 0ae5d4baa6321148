/**
 * Rows by number, read several at a time where they are asked for in order.
 *
 * A query costs more than a row, and a rollout is read nearly in the order in which it was written. What was read ahead is let
 * go when the next rows are; a row that was not there is asked for again, since another process may have added it.
 */
export interface NumberedRow {
  readonly number: number;
  /** Bytes that the row holds in memory, about. */
  readonly cost: number;
}

/** Rows of numbers from `first` up to and without `end`, in order. */
export type ReadRows<Row extends NumberedRow> = (first: number, end: number) => Iterable<Row>;

/** Numbers that are read at once, at most. */
const MAX_NUMBERS = 512;
/** Numbers that may be left out at first without losing the order. */
const MIN_SKIP = 8;
/** Bytes of the rows that are read at once, about: one row more than this may be kept. */
const MAX_COST = 1024 * 1024;

export class ReadAhead<Row extends NumberedRow> {
  readonly #read: ReadRows<Row>;
  readonly #rows: Map<number, Row> = new Map();
  /** Where the rows that were read last end. */
  #end = 0;
  #count = 1;

  constructor(read: ReadRows<Row>) {
    this.#read = read;
  }

  get(number: number): Row | undefined {
    const known = this.#rows.get(number);
    if (known !== undefined) return known;
    // What is skipped on the way is about as much as what is read.
    const isNext = number >= this.#end && number < this.#end + Math.max(this.#count, MIN_SKIP);
    if (!isNext && this.#end > number) return this.#one(number);
    this.#count = isNext ? Math.min(this.#count * 2, MAX_NUMBERS) : 1;
    this.#fill(number);
    return this.#rows.get(number);
  }

  /** A row that stands before those that are read now, such as an older payload that a newer one is based on. */
  #one(number: number): Row | undefined {
    for (const row of this.#read(number, number + 1)) return row;
    return undefined;
  }

  #fill(first: number): void {
    this.#rows.clear();
    this.#end = first + this.#count;
    let cost = 0;
    for (const row of this.#read(first, this.#end)) {
      this.#rows.set(row.number, row);
      cost += row.cost;
      if (cost <= MAX_COST) continue;
      this.#end = row.number + 1;
      break;
    }
  }
}
