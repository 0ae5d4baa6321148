/** What an entry of the sandbox suite says. How to add one: `SECURITY.md`. */
import type { CellLimits } from "@rollout-trace/protocol";

interface Technique {
  /** Ends the sentence "a script cannot use …" or "a script cannot harm its host by …". */
  readonly name: string;
  readonly tries: string;
  /** Where it was published: advisories, papers, reports. Each was looked up, none is from memory. */
  readonly sources: readonly string[];
}

/** A way out. It has failed when no oracle of `oracle.ts` has noticed anything. */
export interface Escape extends Technique {
  /** Run one after the other as cells of one session, each behind the kit (`kit.ts`). */
  readonly scripts: readonly string[];
}

/** A way to use up what the host needs. */
export interface Denial extends Technique {
  readonly script: string;
  readonly limits?: CellLimits;
  /** The error text that the cell ends with, or null when it ends without one. Matched wherever it is contained. */
  readonly ends: RegExp | null;
  /** In the host's own process V8 cannot contain it: it runs there only where the process may be thrown away. */
  readonly onlyBehindBoundary?: boolean;
  /** It uses up something else than the turns of the host's loop, which even a careless host goes on with. */
  readonly sparesLoop?: boolean;
}

/** The catalogue of its own bypasses that vm2 keeps. */
export const VM2_ATTACKS = "https://github.com/patriksimek/vm2/blob/main/docs/ATTACKS.md";
/** AlHamdan and Staicu, SandDriller, USENIX Security 2023. */
export const SAND_DRILLER = "https://www.usenix.org/conference/usenixsecurity23/presentation/alhamdan";
export const advisory = (id: string): string => `https://github.com/advisories/${id}`;
export const cve = (id: string): string => `https://nvd.nist.gov/vuln/detail/CVE-${id}`;
export const issue = (repository: string, number: number): string =>
  `https://github.com/${repository}/issues/${number}`;
