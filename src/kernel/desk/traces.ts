import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import type { Traces, VerifyReport } from "../../contracts/trace.ts";
import { readPlain } from "../../home/files.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Vault } from "../../vault/vault.ts";
import { listTraces } from "../views/traces.ts";
import { patchOf } from "../tree/patch.ts";
import { traceOf, whyOf } from "../views/trace.ts";
import type { Facts } from "../world.ts";

/** What happened, as a person asks about it. */
export function traceDesk(
  journal: Journal,
  vault: Vault,
  recall: (hash: string) => Facts | null,
  arrangementDir: string | null,
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
    patch: (run) => patchOf((one) => traceOf(journal, one), run),
    why: (step) => {
      const found = whyOf(journal, recall, step);
      const rule = found.decision?.rule ?? null;
      return { ...found, line: rule === null ? null : lineOf(arrangementDir, rule) };
    },
  };
}

/** Where a rule stands in the rules file as it is now, `rules.yaml:12`; null when it does not. */
function lineOf(arrangementDir: string | null, rule: string): string | null {
  if (arrangementDir === null) return null;
  const text = readPlain(join(arrangementDir, RULES), LIMITS.manifestBytes)?.toString("utf8") ?? "";
  const at = text.split("\n").findIndex((line) => {
    const [, id] = /^[\s-]*id:\s*(.*?)\s*(?:#.*)?$/u.exec(line) ?? [];
    return id?.replace(/^["']|["']$/gu, "") === rule;
  });
  return at < 0 ? null : `${RULES}:${at + 1}`;
}

const RULES = "rules.yaml";

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
