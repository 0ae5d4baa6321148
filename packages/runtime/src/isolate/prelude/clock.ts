/* oxlint-disable typescript/unbound-method -- Built-ins are taken hold of before a script can replace them. */
/**
 * Runs inside the isolate; refers to nothing outside itself.
 *
 * Replaces what makes a run unrepeatable: `Math.random` by a generator with a known seed, and every way of reading the clock
 * by one that reports what it read. In a replay the clock gives what was `recorded` once, and stands still at its end.
 */
export function installClock(
  seed: number,
  recorded: readonly number[] | null,
  onRead: (time: number) => void,
): void {
  const NativeDate = Date;
  const nativeNow = Date.now;
  const construct = Reflect.construct;
  const apply = Reflect.apply;
  const nativeToString = Date.prototype.toString;
  const define = Object.defineProperty;

  let reads = 0;
  const now = (): number => {
    if (recorded === null || recorded.length === 0) return nativeNow();
    const time = recorded[reads < recorded.length ? reads : recorded.length - 1] as number;
    reads += 1;
    return time;
  };
  const read = (): number => {
    const time = now();
    onRead(time);
    return time;
  };

  function ReplayableDate(...args: unknown[]): unknown {
    if (new.target === undefined) return apply(nativeToString, construct(NativeDate, [read()]), []);
    return construct(NativeDate, args.length === 0 ? [read()] : args, new.target);
  }
  define(ReplayableDate, "name", { value: "Date", configurable: true });
  define(ReplayableDate, "length", { value: 7, configurable: true });
  define(ReplayableDate, "prototype", { value: NativeDate.prototype, writable: false });
  define(NativeDate.prototype, "constructor", { value: ReplayableDate, writable: true, configurable: true });
  const statics: Record<string, unknown> = { now: () => read(), parse: Date.parse, UTC: Date.UTC };
  define(statics["now"], "name", { value: "now", configurable: true });
  for (const name in statics) {
    define(ReplayableDate, name, { value: statics[name], writable: true, configurable: true });
  }
  define(globalThis, "Date", { value: ReplayableDate, writable: true, configurable: true });

  // `format()` and `formatToParts()` without a date read the clock too.
  const format = Intl.DateTimeFormat.prototype;
  const formatGetter = Object.getOwnPropertyDescriptor(format, "format")?.get;
  const nativeParts = format.formatToParts;
  if (formatGetter !== undefined) {
    define(format, "format", {
      get(this: Intl.DateTimeFormat): (date?: Date | number) => string {
        const bound: (date?: Date | number) => string = apply(formatGetter, this, []);
        return (date) => bound(date === undefined ? read() : date);
      },
      configurable: true,
    });
  }
  define(format, "formatToParts", {
    value: function formatToParts(this: Intl.DateTimeFormat, date?: Date | number) {
      return apply(nativeParts, this, [date === undefined ? read() : date]);
    },
    writable: true,
    configurable: true,
  });

  // A 32-bit mixing generator (Weyl sequence and multiply-xorshift); two draws make the 53 bits of a double.
  const imul = Math.imul;
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  define(Math, "random", {
    value: function random() {
      return ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
    },
    writable: true,
    configurable: true,
  });
}
