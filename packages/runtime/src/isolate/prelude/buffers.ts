/* oxlint-disable typescript/unbound-method -- Built-ins are taken hold of before a script can replace them. */
/**
 * Runs inside the isolate; refers to nothing outside itself.
 *
 * Leaves a script no buffers that can be resized: V8 reserves and commits their pages without asking the isolate's allocator, so
 * their memory, a gigabyte in a second, would be counted against no limit.
 */
export function refuseResizableBuffers(): void {
  const NativeBuffer = ArrayBuffer;
  const construct = Reflect.construct;
  const define = Object.defineProperty;
  const RangeErrorOf = RangeError;
  const TypeErrorOf = TypeError;

  function FixedBuffer(length: unknown, options?: { readonly maxByteLength?: unknown }): unknown {
    if (new.target === undefined) throw new TypeErrorOf("Constructor ArrayBuffer requires 'new'");
    // As the language reads it: of objects only, and once.
    const given = (typeof options === "object" && options !== null) || typeof options === "function";
    if (given && options.maxByteLength !== undefined) {
      throw new RangeErrorOf("Resizable buffers are not supported in exec: leave out maxByteLength");
    }
    return construct(NativeBuffer, [length], new.target);
  }
  define(FixedBuffer, "name", { value: "ArrayBuffer", configurable: true });
  define(FixedBuffer, "length", { value: 1, configurable: true });
  define(FixedBuffer, "prototype", { value: NativeBuffer.prototype, writable: false });
  define(FixedBuffer, "isView", { value: NativeBuffer.isView, writable: true, configurable: true });
  const species = Object.getOwnPropertyDescriptor(NativeBuffer, Symbol.species);
  if (species !== undefined) define(FixedBuffer, Symbol.species, species);
  define(NativeBuffer.prototype, "constructor", { value: FixedBuffer, writable: true, configurable: true });
  define(globalThis, "ArrayBuffer", { value: FixedBuffer, writable: true, configurable: true });
}
