#!/usr/bin/env node
/** `code-mode-host`: code mode over stdin and stdout, for a client that is another process. See `docs/code-mode-host.md`. */
import { serveStdio } from "./serve-stdio.ts";

serveStdio();
