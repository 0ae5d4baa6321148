/**
 * Rows by number, read several at a time where they are asked for in order.
 *
 * A query costs more than a row, and a rollout is read nearly in the order in which it was written. What was read ahead is let
 * go when the next rows are; a row that was not there is asked for again, since another process may have added it.
 */
export interface NumberedRow {
  readonly number: number;
}

/** Rows of numbers from `first` up to and without `end`, in order. None of them may hold more than some tens of kilobytes. */
export type ReadRows<Row extends NumberedRow> = (first: number, end: number) => readonly Row[];

/** Numbers that are read at once, at most. */
const MAX_NUMBERS = 512;
/** Numbers that may be left out at first without losing the order. */
const MIN_SKIP = 8;
/** So many rows in order that stand before those that are read now are somebody who has begun again from the start. */
const MAX_ALONE = 16;
/** Bytes of the rows that are read at once, about, as far as the rows before tell. */
const MAX_COST = 1024 * 1024;

export class ReadAhead<Row extends NumberedRow> {
  readonly #read: ReadRows<Row>;
  readonly #costOf: (row: Row) => number;
  #rows: readonly Row[] = [];
  /** The numbers that the rows were asked for by. */
  #first = 0;
  #end = 0;
  #count = 1;
  /** The row that was last read alone, and how many were before it that it follows in order. */
  #alone: Row | undefined;
  #following = 0;

  /** `costOf` tells how many bytes a row holds in memory, about. */
  constructor(read: ReadRows<Row>, costOf: (row: Row) => number) {
    this.#read = read;
    this.#costOf = costOf;
  }

  get(number: number): Row | undefined {
    const known = this.#known(number);
    if (known !== undefined) return known;
    if (this.#alone?.number === number) return this.#alone;
    // What is skipped on the way is about as much as what is read.
    const isNext = number >= this.#end && number < this.#end + Math.max(this.#count, MIN_SKIP);
    // One that stands before those that are read now, such as an older payload that a newer one is based on.
    if (!isNext && this.#end > number && !this.#isBegunAgain(number)) {
      return (this.#alone = this.#read(number, number + 1)[0]);
    }
    this.#count = isNext ? Math.min(this.#count * 2, MAX_NUMBERS) : 1;
    this.#fill(number);
    return this.#known(number);
  }

  /** Rows are at the place of their number, or before it where some are missing. */
  #known(number: number): Row | undefined {
    if (number < this.#first || number >= this.#end) return undefined;
    let place = Math.min(number - this.#first, this.#rows.length - 1);
    while (place > 0 && (this.#rows[place]?.number ?? 0) > number) place -= 1;
    const row = this.#rows[place];
    return row?.number === number ? row : undefined;
  }

  #isBegunAgain(number: number): boolean {
    const last = this.#alone?.number ?? Number.POSITIVE_INFINITY;
    this.#following = number > last && number <= last + MIN_SKIP ? this.#following + 1 : 0;
    return this.#following >= MAX_ALONE;
  }

  #fill(first: number): void {
    this.#alone = undefined;
    this.#following = 0;
    this.#first = first;
    this.#end = first + this.#count;
    this.#rows = this.#read(first, this.#end);
    const cost = this.#rows.reduce((sum, row) => sum + this.#costOf(row), 0);
    // The next are twice as many.
    if (cost > MAX_COST / 2) this.#count = Math.ceil((this.#count * MAX_COST) / (4 * cost));
  }
}
