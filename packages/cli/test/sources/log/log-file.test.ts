import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LogFile } from "../../../src/sources/log/log-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-file-"));
  path = join(folder, "log.jsonl");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function read(file: string) {
  using log = new LogFile(file);
  return [...log.lines()];
}

const numbered = (file: string) =>
  read(file).map(({ number, content }) => [
    number,
    content.ok ? content.value : content.message.slice(0, 10),
  ]);

describe("a log file", () => {
  it("gives its lines with their numbers, without empty ones, and says which was not ended", () => {
    writeFileSync(path, '{"a":1}\r\n\n[2]\n{"cut');
    expect(read(path).map(({ number, terminated, content }) => [number, terminated, content.ok])).toEqual([
      [1, true, true],
      [3, true, true],
      [4, false, false],
    ]);
  });

  it("gives any lines back as they were, in order and again by number, wherever the pieces of the file end", () => {
    const line = fc.oneof(
      fc.string(),
      fc.string({ minLength: 1, unit: "binary" }),
      fc.constant("x".repeat(300_000)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (texts) => {
        writeFileSync(path, texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
        using log = new LogFile(path);
        const values = [...log.lines()].map(({ content }) => (content.ok ? content.value : content));
        const again = values.map((_, index) => log.content(values.length - index)).toReversed();
        expect(values).toEqual(texts);
        expect(again).toEqual(texts.map((value) => ({ ok: true, value })));
      }),
      { numRuns: 60 },
    );
  });

  it("is the file as it was when it was opened", () => {
    writeFileSync(path, "1\n2\n");
    using log = new LogFile(path);
    appendFileSync(path, "3\n");
    expect([...log.lines()].map(({ number }) => number)).toEqual([1, 2]);
    expect(numbered(path)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it("may begin with a byte order mark", () => {
    writeFileSync(path, "\uFEFF[1]\n[2]\n");
    using log = new LogFile(path);
    expect([...log.lines()].map(({ content }) => content)).toEqual([
      { ok: true, value: [1] },
      { ok: true, value: [2] },
    ]);
    expect(log.content(1)).toEqual({ ok: true, value: [1] });
  });

  it("says which line there is not", () => {
    writeFileSync(path, "1\n");
    using log = new LogFile(path);
    expect([...log.lines()]).toHaveLength(1);
    expect(log.content(2)).toEqual({ ok: false, message: "there is no line 2" });
    expect(log.lineBytes(1)).toBe(1);
  });

  it("gives a line before any pass has come to it, and the whole file as an import remembers it", () => {
    writeFileSync(path, "1\n\n[3]\n4");
    using log = new LogFile(path);
    expect(log.lineBytes(3)).toBe(3);
    expect(log.content(4)).toEqual({ ok: true, value: 4 });
    expect(log.content(9)).toEqual({ ok: false, message: "there is no line 9" });
    expect(Buffer.concat([...log.input("thread").read()].map((piece) => Buffer.from(piece))).toString()).toBe(
      "1\n\n[3]\n4",
    );
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])("may be compressed with %s, and leaves nothing behind, whenever the process ends", (_name, compress) => {
    const lines = Array.from({ length: 5_000 }, (_, index) =>
      JSON.stringify({ index, text: "ü".repeat(index % 90) }),
    );
    writeFileSync(path, compress(Buffer.from(`${lines.join("\n")}\n`)));
    vi.stubEnv("TMPDIR", mkdtempSync(join(folder, "tmp-")));
    using log = new LogFile(path);
    const whileOpen = readdirSync(tmpdir());
    const read = [...log.lines()].map(({ content }) => (content.ok ? JSON.stringify(content.value) : null));
    expect(read).toEqual(lines);
    expect(whileOpen).toEqual([]);
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])(
    "gives what can be unpacked of a damaged %s file, and says that there may be more",
    (_name, compress) => {
      // Random digits, so that half of the file is about half of the lines.
      let seed = 1;
      const digits = () =>
        Array.from({ length: 400 }, () => (seed = (seed * 48_271) % 2_147_483_647) % 10).join("");
      const text = Array.from({ length: 3_000 }, (_, index) => `[${index},"${digits()}"]\n`).join("");
      const whole = compress(Buffer.from(text));
      writeFileSync(path, whole.subarray(0, whole.length / 2));
      using log = new LogFile(path);
      const lines = [...log.lines()];
      expect(log.damage).toMatch(/unexpected end/);
      expect(lines.length).toBeGreaterThan(500);
      expect(lines.slice(0, 500).every(({ content }) => content.ok)).toBe(true);
    },
  );

  it("that is missing is an error with a code", () => {
    expect(() => new LogFile(join(folder, "none"))).toThrowError(
      expect.objectContaining({ code: "unreadable_source" }),
    );
  });
});
