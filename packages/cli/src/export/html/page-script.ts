/**
 * The page's own script: the modules of `page/`, put after one another as one.
 *
 * They are type-checked and linted like everything else, as a program for browsers. Where the package is built, the compiled
 * modules are taken; in a checkout their types are removed here. A page that opens from disk can load no second file and a strict
 * policy allows one script by its hash, so the modules have to become one. For that they keep to a few rules, which this module
 * enforces: they import each other by name alone, never renamed, and no two of them use a name twice at their top level.
 */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, extname, join } from "node:path";

/** In the order in which they run: a module stands after those that it uses while it loads. */
const MODULES = [
  "format",
  "dom",
  "blocks",
  "model",
  "virtual-list",
  "text-view",
  "time-scale",
  "timeline-layout",
  "timeline-scene",
  "timeline-paint",
  "timeline-overview",
  "timeline-view",
  "outline-view",
  "transcript-view",
  "evidence-view",
  "details-view",
  "search",
  "problems-view",
  "main",
] as const;

const IMPORT = /^import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+"\.\/([a-z-]+)\.[jt]s";$/gm;
const EXPORT = /^export (?=(?:async )?function|const|class|let|interface|type)/gm;

export function pageScript(): string {
  const extension = extname(import.meta.filename);
  const scripts = MODULES.map((name) => {
    const path = join(import.meta.dirname, "page", `${name}${extension}`);
    const source = readFileSync(path, "utf8");
    const script = extension === ".ts" ? withoutTypes(source) : source;
    return linked(script, basename(path));
  });
  return `"use strict";\n${scripts.join("\n")}`;
}

/** Node calls this experimental, on stderr; who exports a page from a checkout need not know. */
function withoutTypes(source: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function linked(script: string, name: string): string {
  const joined = script
    .replace(IMPORT, (statement, names: string) => {
      if (names.includes(" as ")) throw new Error(`${name}: renames what it imports: ${statement}`);
      return "";
    })
    .replace(EXPORT, "")
    .replace(/^export \{\};$/m, "")
    .replace(/^\/\/# sourceMappingURL=.*$/m, "");
  const stray = /^(?:import|export)\b.*$|<\/script|<!--/im.exec(joined);
  if (stray !== null) throw new Error(`${name}: cannot become part of one script: ${stray[0]}`);
  return joined.trim();
}
