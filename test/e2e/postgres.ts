/** A Postgres of this process behind a real socket, for a real driver. */
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { PGlite } from "@electric-sql/pglite";

export interface Postgres extends AsyncDisposable {
  readonly port: number;
}

/** Answers one message after another, which is all that the protocol asks for. */
export async function startPostgres(): Promise<Postgres> {
  const database = await PGlite.create();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let answered = Promise.resolve();
    socket.on("data", (bytes) => {
      answered = answered.then(async () => {
        const answer = await database.execProtocolRaw(new Uint8Array(bytes));
        if (!socket.destroyed) socket.write(answer);
      });
    });
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await database.close();
    },
  };
}
