import type { Traces, VerifyReport } from "../../contracts/nanos.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Vault } from "../../vault/vault.ts";
import { listTraces } from "../views/traces.ts";
import { traceOf, whyOf } from "../views/trace.ts";
import type { Facts } from "../world.ts";

/** What happened, as a person asks about it. */
export function traceDesk(
  journal: Journal,
  vault: Vault,
  recall: (hash: string) => Facts | null,
): Traces {
  return {
    list: (options = {}) => listTraces(journal, options),
    show: (run) => traceOf(journal, run),
    events: (run) => [...journal.chain(run)],
    verify: (run) => verifyAll(journal, vault, run),
    replay: async (run) => {
      const { replay } = await import("../drive/replay.ts");
      return replay(journal, recall, run);
    },
    export: async (run, file) => {
      const { exportRun } = await import("../views/export.ts");
      return exportRun(journal, run, file);
    },
    why: (step) => whyOf(journal, step),
  };
}

/** Journal, bodies and vault; names the first bad entry. */
function verifyAll(journal: Journal, vault: Vault, run?: string): VerifyReport {
  const checked = journal.verify(run);
  if (!checked.ok) {
    const { seq, run: chain, hash, why } = checked;
    const where = seq === null ? "" : ` (event ${seq} of ${chain ?? "?"}, hash ${hash ?? "?"})`;
    return { ok: false, events: 0, chains: 0, erased: 0, bad: `${why}${where}` };
  }
  const { events, chains, erased } = checked;
  const stored = vault.verify();
  const bad = stored.ok
    ? missingFacts(journal, vault, run)
    : `${stored.why} (vault ${stored.hash})`;
  return { ok: bad === null, events, chains, erased, bad };
}

/** The first run whose facts are gone from the vault: it could not be replayed any more. */
function missingFacts(journal: Journal, vault: Vault, run?: string): string | null {
  for (const { event } of journal.since(0, { bodies: false })) {
    if (event.kind !== "run.started" || (run !== undefined && event.run !== run)) continue;
    const body = journal.body(event);
    if (body?.kind !== "run.started" || vault.has(body.facts)) continue;
    const where = `event ${event.seq} of ${event.run}, hash ${event.hash}`;
    return `What run ${event.run} was judged by is gone: vault file ${body.facts} (${where})`;
  }
  return null;
}
