import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import type { Traces, VerifyReport } from "../../contracts/trace.ts";
import { readPlain } from "../../home/files.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Event } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";
import { keyOf } from "../../journal/log/note.ts";
import type { Vault } from "../../vault/vault.ts";
import { SIGNING, verifyCheckpoints } from "../evidence/verify.ts";
import { diffOf } from "../views/diff.ts";
import { storedArtifacts } from "../views/artifacts.ts";
import { listTraces, topRun, traceLine } from "../views/traces.ts";
import { patchOf } from "../tree/patch.ts";
import { traceOf, whyOf } from "../views/trace.ts";
import type { World } from "../world.ts";

/** What the desk of traces needs; `dir` is the folder of the arrangement in force. */
export interface TraceParts extends Pick<World, "journal" | "recall" | "log" | "decide" | "clock"> {
  readonly vault: Vault;
  readonly dir: string | null;
}

/** What happened, as a person asks about it. */
export function traceDesk(parts: TraceParts): Traces {
  const { journal, recall, decide, vault, log, dir } = parts;
  return {
    list: (options = {}) => listTraces(journal, options),
    show: (run) => traceOf(journal, run),
    line: (run) => traceLine(journal, run),
    events: (run, since = 0) => eventsAfter(journal, run, since),
    newest: () => journal.size(),
    since: (seq, limit) => someAfter(journal, seq, limit),
    verify: (run) => verifyAll({ journal, vault, log }, run),
    verified: keptReports(parts),
    replay: async (run) => {
      const { replay } = await import("../drive/replay.ts");
      return replay(journal, recall, run, decide);
    },
    diff: (a, b) => diffOf(journal, a, b),
    export: async (run, file) => {
      const { exportRun } = await import("../views/export.ts");
      return exportRun(journal, run, file);
    },
    patch: (run) => patchOf((one) => traceOf(journal, one), run),
    why: (step) => {
      const found = whyOf(journal, recall, step);
      const rule = found.decision?.rule ?? null;
      return { ...found, line: rule === null ? null : lineOf(dir, rule) };
    },
  };
}

/** A client that asks again and again has the journal read once in a while. */
function keptReports(parts: TraceParts): Traces["verified"] {
  const { clock } = parts;
  const kept = new Map<string, { readonly at: number; readonly report: VerifyReport }>();
  return (run) => {
    for (const [name, { at }] of kept) {
      const isOld = Math.abs(clock.elapsed() - at) >= LIMITS.verifyKeptMs;
      if (isOld || kept.size >= LIMITS.verifyKept) kept.delete(name);
    }
    const known = kept.get(run ?? "");
    if (known) return known.report;
    const report = verifyAll(parts, run);
    kept.set(run ?? "", { at: clock.elapsed(), report });
    return report;
  };
}

function eventsAfter(journal: Journal, run: string, since: number): readonly Recorded[] {
  // Whoever looks again and again mostly finds nothing new, which the newest entry tells.
  if ((journal.head(run)?.seq ?? 0) <= since) return [];
  return [...journal.chain(run)].filter(({ event }) => event.seq > since);
}

function someAfter(journal: Journal, seq: number, limit: number): readonly Recorded[] {
  const found: Recorded[] = [];
  for (const one of journal.since(seq, { bodies: true })) {
    found.push(one);
    if (found.length === limit) break;
  }
  return found;
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

/** Journal, bodies, vault and the checkpoints over them; names the first bad entry. */
function verifyAll(
  { journal, vault, log }: Pick<TraceParts, "journal" | "vault" | "log">,
  run?: string,
): VerifyReport {
  const none = { checkpoints: 0, unsigned: 0, unwitnessed: 0 };
  const checked = journal.verify(run);
  if (!checked.ok) {
    const { seq, run: chain, hash, why } = checked;
    const where = seq === null ? "" : ` (event ${seq} of ${chain ?? "?"}, hash ${hash ?? "?"})`;
    return { ok: false, events: 0, chains: 0, erased: 0, ...none, bad: `${why}${where}` };
  }
  const { events, chains, erased } = checked;
  const stored = vault.verify();
  const found = { begins: [] as Event[], signs: [] as Event[], own: [] as number[] };
  for (const { event } of journal.since(0, { bodies: false })) {
    if (SIGNING.includes(event.kind)) found.signs.push(event);
    if (run !== undefined && event.run !== run) continue;
    found.own.push(event.seq);
    if (event.kind === "run.started") found.begins.push(event);
  }
  const missing = stored.ok
    ? (missingFacts(journal, vault, found.begins) ?? missingArtifact(journal, vault, run))
    : `${stored.why} (vault ${stored.hash})`;
  const signed = verifyCheckpoints(journal, keyOf(log, "note"), found.signs);
  const bad = missing ?? signed.bad;
  const left = {
    checkpoints: signed.checkpoints,
    unsigned: found.own.filter((seq) => seq > signed.size).length,
    unwitnessed: found.own.filter((seq) => seq > signed.witnessed).length,
  };
  return { ok: bad === null, events, chains, erased, ...left, bad };
}

/** The first artifact whose bytes are gone from the vault. */
function missingArtifact(journal: Journal, vault: Vault, run?: string): string | null {
  const wish = run === undefined ? {} : { run: topRun(run) };
  const lost = storedArtifacts(journal, wish).find(
    ({ inVault, hash }) => inVault && !vault.has(hash),
  );
  return lost ? `What step ${lost.id} kept is gone: vault file ${lost.hash}` : null;
}

/** The first run whose facts are gone from the vault: it could not be replayed any more. */
function missingFacts(journal: Journal, vault: Vault, begins: readonly Event[]): string | null {
  for (const event of begins) {
    const body = journal.body(event);
    if (body?.kind !== "run.started" || vault.has(body.facts)) continue;
    const where = `event ${event.seq} of ${event.run}, hash ${event.hash}`;
    return `What run ${event.run} was judged by is gone: vault file ${body.facts} (${where})`;
  }
  return null;
}
