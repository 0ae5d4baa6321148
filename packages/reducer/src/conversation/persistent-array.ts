/**
 * An array that is never changed: `with` gives another one that shares nearly all of its slots. Reading and changing take a step
 * for each sixteenfold of the length.
 */
const BITS = 4;
const MASK = (1 << BITS) - 1;

/** Slots of the lowest level hold values, those above it hold slots. */
type Slots = readonly unknown[];

export class PersistentArray<Value extends object> {
  readonly length: number;
  /** How many levels stand above the lowest one. */
  readonly #height: number;
  readonly #slots: Slots;

  private constructor(length: number, height: number, slots: Slots) {
    this.length = length;
    this.#height = height;
    this.#slots = slots;
  }

  static empty<Value extends object>(): PersistentArray<Value> {
    return new PersistentArray<Value>(0, 0, []);
  }

  get(index: number): Value | undefined {
    if (index < 0 || index >= this.length) return undefined;
    let at: unknown = this.#slots;
    for (let shift = this.#height * BITS; shift >= 0 && at !== undefined; shift -= BITS) {
      at = (at as Slots)[(index >> shift) & MASK];
    }
    return at as Value | undefined;
  }

  /** With `value` at `index`, which may be beyond the end. */
  with(index: number, value: Value): PersistentArray<Value> {
    let [height, slots] = [this.#height, this.#slots];
    for (; index >> ((height + 1) * BITS) > 0; height += 1) slots = [slots];
    const length = Math.max(this.length, index + 1);
    return new PersistentArray(length, height, replaced(slots, { shift: height * BITS, index, value }));
  }
}

function replaced(slots: Slots, change: { shift: number; index: number; value: object }): Slots {
  const { shift, index, value } = change;
  const at = (index >> shift) & MASK;
  const copy = slots.slice();
  copy[at] =
    shift === 0 ? value : replaced((copy[at] as Slots | undefined) ?? [], { ...change, shift: shift - BITS });
  return copy;
}
