import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { ReadAhead } from "../../src/store/read-ahead.ts";

interface Row {
  readonly number: number;
  readonly cost: number;
}

/** Rows in a table, and how many queries were made of it. */
function table(rows: ReadonlyMap<number, Row>) {
  const queries: (readonly [first: number, end: number])[] = [];
  const read = (first: number, end: number) => {
    queries.push([first, end]);
    return Array.from({ length: end - first }, (_, index) => rows.get(first + index)).filter(
      (row) => row !== undefined,
    );
  };
  return { ahead: new ReadAhead<Row>(read, ({ cost }) => cost), queries };
}

const rowsTo = (count: number, cost = 100) =>
  new Map(Array.from({ length: count }, (_, index) => [index + 1, { number: index + 1, cost }]));

describe("reading ahead", () => {
  it("gives what is in the table, in whatever order rows are asked for", () => {
    const numbers = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ number: numbers, cost: fc.integer({ min: 1, max: 900_000 }) }), {
          selector: ({ number }) => number,
        }),
        fc.array(numbers, { maxLength: 100 }),
        (rows, asked) => {
          const known = new Map(rows.map((row) => [row.number, row]));
          const { ahead } = table(known);
          expect(asked.map((number) => ahead.get(number))).toEqual(asked.map((number) => known.get(number)));
        },
      ),
    );
  });

  it("takes a few queries for rows that are asked for in order, with gaps", () => {
    const { ahead, queries } = table(rowsTo(5000));
    for (let number = 1; number <= 5000; number += 3) ahead.get(number);
    expect(queries.length).toBeLessThan(40);
  });

  it("takes as few again for somebody who begins again from the start", () => {
    const { ahead, queries } = table(rowsTo(5000));
    for (let number = 1; number <= 5000; number += 1) ahead.get(number);
    const first = queries.length;
    for (let number = 1; number <= 5000; number += 1) ahead.get(number);
    expect(queries.length - first).toBeLessThan(first + 20);
  });

  it("stays where it is for a few older rows in order, and takes each of them once in a row", () => {
    const { ahead, queries } = table(rowsTo(5000));
    for (let number = 1; number <= 4000; number += 1) ahead.get(number);
    const before = queries.length;
    for (const older of [7, 8, 9]) for (let time = 0; time < 3; time += 1) ahead.get(older);
    expect(queries.slice(before)).toEqual([
      [7, 8],
      [8, 9],
      [9, 10],
    ]);
    for (let number = 4001; number <= 4080; number += 1) ahead.get(number);
    expect(queries.length - before).toBeLessThan(5);
  });

  it("takes one row at a time where rows are asked for in no order", () => {
    const { ahead, queries } = table(rowsTo(5000));
    for (const number of [4000, 12, 3100, 7, 2400]) ahead.get(number);
    expect(queries.every(([first, end]) => end - first <= 2)).toBe(true);
  });

  it("reads no more large rows at once than fit into a bound", () => {
    const { ahead, queries } = table(rowsTo(100, 700_000));
    for (let number = 1; number <= 100; number += 1) ahead.get(number);
    expect(queries.length).toBeGreaterThanOrEqual(50);
  });

  it("finds a row that was added after it was looked for", () => {
    const rows = new Map<number, Row>(rowsTo(3));
    const { ahead } = table(rows);
    for (const number of [1, 2, 3, 4]) ahead.get(number);
    expect(ahead.get(4)).toBeUndefined();
    rows.set(4, { number: 4, cost: 1 });
    expect(ahead.get(4)).toEqual({ number: 4, cost: 1 });
  });
});
