/**
 * `probe.ts PORT`: stands in for `code-mode-host`, as whoever owns it would, and tries what it should not be able to do. Logs what
 * came of each as one line of JSON (`Probed`), and ends.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import inspector from "node:inspector";
import net from "node:net";
import { Worker } from "node:worker_threads";

/** By what was tried: the code of the error, or `done`. */
export interface Probed {
  readonly env: readonly string[];
  readonly tried: Readonly<Record<string, string>>;
}

const port = Number(process.argv[2]);
const tried: Record<string, string> = {};

function attempt(what: string, run: () => unknown): void {
  try {
    run();
    tried[what] = "done";
  } catch (error) {
    tried[what] = (error as { code?: string }).code ?? String(error);
  }
}

attempt("read a system file", () => fs.readFileSync("/etc/passwd"));
attempt("read the host's working directory", () => fs.readdirSync(process.cwd()));
attempt("read what the host's process is", () => fs.readFileSync(`/proc/${process.ppid}/environ`));
attempt("write a file", () => {
  fs.writeFileSync("/tmp/probe", "");
});
attempt("write into its own package", () => {
  fs.writeFileSync(new URL("written", import.meta.url), "");
});
attempt("read its own package", () => fs.readFileSync(new URL(import.meta.url)));
attempt("start a process", () => {
  const { error } = spawnSync("/bin/true");
  if (error !== undefined) throw error;
});
attempt("start a thread", () => new Worker("", { eval: true }));
attempt("open an inspector", () => {
  inspector.open(0);
});
attempt("signal the host", () => process.kill(process.ppid, 0));
const socket = net.connect(port, "127.0.0.1");
socket.on("error", (error: NodeJS.ErrnoException) => {
  tried["connect to a server"] = error.code ?? error.message;
  report();
});
socket.on("connect", () => {
  tried["connect to a server"] = "done";
  report();
});

function report(): void {
  const probed: Probed = { env: Object.keys(process.env), tried };
  process.stderr.write(`${JSON.stringify(probed)}\n`, () => process.kill(process.pid, "SIGKILL"));
}
