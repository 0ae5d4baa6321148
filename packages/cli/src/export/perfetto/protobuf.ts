/**
 * The wire format of protocol buffers, as far as a writer of traces needs it.
 *
 * After the encoding that protobuf.dev describes: a field is its number and wire type, then a varint, eight bytes or a length and
 * its bytes.
 */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Bytes of a message that most messages need no more than. */
const FIRST_BYTES = 256;

const encoder = new TextEncoder();

/** One message. Fields are written in the order in which they are given. */
export class ProtoMessage {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  /** The bytes so far: a view that the next field makes invalid. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** An integer that is not negative; of anything else what there is of one. */
  uint(field: number, value: number): this {
    this.#varint(field * 8 + VARINT);
    this.#varint(Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0);
    return this;
  }

  /** The same for one of more than 53 bits. */
  bigUint(field: number, value: bigint): this {
    this.#varint(field * 8 + VARINT);
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.#bytes[this.#length] = Number(rest & 127n) + 128;
      this.#length += 1;
      rest >>= 7n;
    }
    this.#bytes[this.#length] = Number(rest);
    this.#length += 1;
    return this;
  }

  fixed64(field: number, value: number): this {
    this.#varint(field * 8 + FIXED64);
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setBigUint64(this.#length, BigInt(value), true);
    this.#length += 8;
    return this;
  }

  /** Lone surrogates become U+FFFD: the format allows nothing but UTF-8. */
  string(field: number, value: string): this {
    return this.#field(field, encoder.encode(value));
  }

  message(field: number, value: ProtoMessage): this {
    return this.#field(field, value.bytes());
  }

  #field(field: number, bytes: Uint8Array): this {
    this.#varint(field * 8 + LENGTH);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#length] = (rest % 128) + 128;
      this.#length += 1;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.bytes());
    this.#bytes = grown;
  }
}
