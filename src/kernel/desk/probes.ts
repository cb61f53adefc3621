import type { Check } from "../../contracts/nanos.ts";
import type { ProbeResult } from "../../sandbox/probe.ts";
import { probeSandbox } from "../../sandbox/probe.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";

/** Live escape attempts, a check for each: what came of it for every kind of process. */
export async function probeChecks(sandbox: Sandbox): Promise<readonly Check[]> {
  if (sandbox.tier("host", false) === "seatbelt") return [NOT_TRIED];
  const byName = Map.groupBy(await probeSandbox(sandbox), ({ name }) => name);
  return [...byName].map(([name, results]) => checkOf(name, results));
}

/** Of the attempts, which are made by Linux's own system calls, none is made on a Mac. */
const NOT_TRIED: Check = {
  name: "probes",
  state: "warn",
  says: "No escape was tried: only that a file, a socket, a program and a place to write are refused.",
  next: "For what has been tried, run nanos on Linux.",
};

function checkOf(name: string, results: readonly ProbeResult[]): Check {
  const through = results.find(({ held, residual }) => !held && residual === null);
  const known = results.find(({ held }) => !held);
  const says = results.map((result) => `${KINDS[result.kind]} ${wordOf(result)}`).join(", ");
  const common = { name: `probe ${name}`, says };
  if (through) {
    const next = `${through.detail} Install bubblewrap: apt install bubblewrap`;
    return { ...common, state: "bad", next };
  }
  return known?.residual
    ? { ...common, state: "warn", next: known.residual }
    : { ...common, state: "ok" };
}

const KINDS: Readonly<Record<ProbeResult["kind"], string>> = {
  host: "tool",
  program: "program",
  networked: "program with a network",
  container: "container",
  pure: "pure tool",
};

function wordOf({ held, residual }: ProbeResult): string {
  if (held) return "held";
  return residual === null ? "NOT HELD" : "bounded";
}
