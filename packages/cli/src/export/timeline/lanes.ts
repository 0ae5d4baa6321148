/** Puts what ran at the same time beside each other, so that nothing in a lane overlaps. */

export interface Timed {
  readonly startUs: number;
  /** Not before the start. */
  readonly endUs: number;
}

/**
 * The bars in lanes, each in the first lane that is free when it starts, in order of start; bars that start together keep their
 * order. Where one ends another may begin. Costs n log n, however many run at once.
 */
export function packLanes<Bar extends Timed>(bars: readonly Bar[]): readonly (readonly Bar[])[] {
  const lanes: Bar[][] = [];
  /** Lanes with the end of their last bar, the first to end on top. */
  const busy = new Heap<{ readonly lane: number; readonly endUs: number }>(
    (left, right) => left.endUs - right.endUs,
  );
  const free = new Heap<number>((left, right) => left - right);
  for (const bar of bars.toSorted((left, right) => left.startUs - right.startUs)) {
    for (let first = busy.peek(); first !== undefined && first.endUs <= bar.startUs; first = busy.peek()) {
      free.push(first.lane);
      busy.pop();
    }
    const lane = free.pop() ?? lanes.length;
    (lanes[lane] ??= []).push(bar);
    busy.push({ lane, endUs: bar.endUs });
  }
  return lanes;
}

class Heap<Value> {
  readonly #values: Value[] = [];
  readonly #order: (left: Value, right: Value) => number;

  constructor(order: (left: Value, right: Value) => number) {
    this.#order = order;
  }

  peek(): Value | undefined {
    return this.#values[0];
  }

  push(value: Value): void {
    const values = this.#values;
    let place = values.length;
    values.push(value);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = values[above];
      if (parent === undefined || this.#order(parent, value) <= 0) break;
      values[place] = parent;
      place = above;
    }
    values[place] = value;
  }

  pop(): Value | undefined {
    const values = this.#values;
    const top = values[0];
    const last = values.pop();
    if (values.length === 0 || last === undefined) return top;
    let place = 0;
    for (;;) {
      const child = this.#smallerChild(place);
      const value = values[child];
      if (value === undefined || this.#order(last, value) <= 0) break;
      values[place] = value;
      place = child;
    }
    values[place] = last;
    return top;
  }

  #smallerChild(place: number): number {
    const left = this.#values[place * 2 + 1];
    const right = this.#values[place * 2 + 2];
    return left !== undefined && right !== undefined && this.#order(right, left) < 0
      ? place * 2 + 2
      : place * 2 + 1;
  }
}
