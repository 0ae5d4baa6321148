/**
 * How data stands in the page: JSON, compressed, in base64, in a script element of a type that no browser runs. Nothing of what
 * was recorded is part of the page's markup: the alphabet of base64 has no character that could end the element.
 */
import { gzipSync } from "node:zlib";
import type { BlockName } from "./page/data.ts";

export function block(name: BlockName, value: unknown): string {
  // Level 4 is a sixth larger, and above 6 it takes long for little.
  const packed = gzipSync(JSON.stringify(value), { level: 6 }).toString("base64");
  return `<script type="application/octet-stream" id="${name}">${packed}</script>\n`;
}
