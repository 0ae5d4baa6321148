/** Ways in which files come to harm without anybody writing to them in order. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { SeededRandom } from "../seeded-random.ts";

const PAGE_BYTES = 4096;

/** Copies a store and damages the copy. Says how. */
export function damageStore(path: string, copy: string, random: SeededRandom): string {
  for (const suffix of ["", "-wal"]) if (existsSync(path + suffix)) cpSync(path + suffix, copy + suffix);
  // As long as everything is in the log as well, it covers up what happens to the file.
  if (random.chance(0.5)) new Database(copy).close();
  const files = ["", "-wal"].filter((suffix) => existsSync(copy + suffix));
  const suffix = random.pick(files);
  if (random.chance(0.1) && existsSync(`${copy}-wal`)) {
    rmSync(`${copy}-wal`);
    return "the log is gone";
  }
  return `${suffix === "" ? "the file" : "the log"} ${damageFile(copy + suffix, random)}`;
}

/** Copies a bundle and damages the copy. Says how. */
export function damageBundle(folder: string, copy: string, random: SeededRandom): string {
  cpSync(folder, copy, { recursive: true });
  const payloads = readdirSync(join(copy, "payloads")).map((name) => join("payloads", name));
  const name = random.pick([
    "manifest.json",
    "trace.jsonl",
    "trace.jsonl",
    "trace.jsonl",
    random.pick(payloads),
  ]);
  const path = join(copy, name);
  if (random.chance(0.1)) {
    rmSync(path);
    return `${name} is gone`;
  }
  if (random.chance(0.1)) {
    writeFileSync(path, `${"[".repeat(100_000)}\n`, { flag: "a" });
    return `${name} ends in deep nesting`;
  }
  return `${name} ${damageFile(path, random)}`;
}

function damageFile(path: string, random: SeededRandom): string {
  const bytes = readFileSync(path);
  const at = random.integer(0, Math.max(bytes.length - 1, 0));
  const kind = random.pick(["cut", "cut", "bits", "page", "zeros", "longer", "swapped"]);
  switch (kind) {
    case "cut":
      truncateSync(path, at);
      return `is cut at byte ${at} of ${bytes.length}`;
    case "bits": {
      const flips = random.integer(1, 20);
      for (let flip = 0; flip < flips; flip += 1) {
        const place = random.integer(0, Math.max(bytes.length - 1, 0));
        bytes[place] = (bytes[place] ?? 0) ^ (1 << random.integer(0, 7));
      }
      writeFileSync(path, bytes);
      return `has ${flips} flipped bits`;
    }
    case "longer":
      writeFileSync(path, noise(random.integer(1, 3 * PAGE_BYTES), random), { flag: "a" });
      return "is longer";
    case "swapped": {
      const [from, to] = [pageAt(at), pageAt(random.integer(0, bytes.length))];
      bytes.copy(bytes, to, from, from + PAGE_BYTES);
      writeFileSync(path, bytes);
      return `has page ${from / PAGE_BYTES} in the place of ${to / PAGE_BYTES}`;
    }
    default: {
      const page = pageAt(at);
      const length = Math.min(PAGE_BYTES, bytes.length - page);
      (kind === "zeros" ? Buffer.alloc(length) : noise(length, random)).copy(bytes, page);
      writeFileSync(path, bytes);
      return `has ${kind === "zeros" ? "zeros" : "noise"} for page ${page / PAGE_BYTES}`;
    }
  }
}

function pageAt(byte: number): number {
  return Math.floor(byte / PAGE_BYTES) * PAGE_BYTES;
}

function noise(length: number, random: SeededRandom): Buffer {
  return Buffer.from(Array.from({ length }, () => random.integer(0, 255)));
}
