import type { Check } from "../../contracts/nanos.ts";
import type { ProbeResult } from "../../sandbox/probe.ts";
import { probeSandbox } from "../../sandbox/probe.ts";
import { makeProbeImage } from "../../sandbox/probing/image.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";

/**
 * Live escape attempts, a check for each: what came of it for every kind of process, also for
 * programs with a network and, where podman works, for containers. `only` picks some by name.
 */
export async function probeChecks(
  sandbox: Sandbox,
  only: (name: string) => boolean = () => true,
): Promise<readonly Check[]> {
  if (sandbox.tier("host", false) === "seatbelt") return [NOT_TRIED];
  const contains = sandbox.tier("container", false) !== null;
  const image = contains ? makeProbeImage() : null;
  try {
    const beyond = { networked: true, ...(image && { image: image.name }) } as const;
    const byName = Map.groupBy(await probeSandbox(sandbox, only, beyond), ({ name }) => name);
    const checks = [...byName].map(([name, results]) => checkOf(name, results));
    return contains && image === null ? [...checks, NO_IMAGE] : checks;
  } finally {
    image?.remove();
  }
}

const NO_IMAGE: Check = {
  name: "probes",
  state: "warn",
  says: "Containers were not tried: no image could be made of this machine's programs.",
  next: "See what podman says: podman info",
};

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
    const what =
      through.kind === "container"
        ? "Use no container here."
        : "Install bubblewrap: apt install bubblewrap";
    const next = `${through.detail} ${what}`;
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
