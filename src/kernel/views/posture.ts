import { parseAddress } from "../../std/address.ts";
import type { Agent } from "../../contracts/agent.ts";
import type { ModelLine, Posture } from "../../contracts/nanos.ts";
import type { Model } from "../../models/model.ts";

/**
 * Where the words of a conversation go: whose models the agents would ask, over which way, and what
 * is taken out before. It follows from the config; nothing is dialled to find it out.
 */
export async function postureOf(given: {
  readonly agents: readonly Agent[];
  readonly lines: readonly ModelLine[];
  open(name: string): Promise<Model>;
}): Promise<Posture> {
  const { agents, lines, open } = given;
  const ways: Posture["ways"][number][] = [];
  for (const { manifest } of agents) {
    const line = lineOf(lines, manifest.model);
    if (!line || (manifest.kind !== "prompt" && manifest.model === "inherit")) continue;
    const names = [line.name, ...(line.config.fallback ?? [])];
    for (const name of names) {
      const own = lineOf(lines, name);
      const host = await open(name).then(
        (model) => model.host,
        () => null,
      );
      if (!own || host === null || isHere(host)) continue;
      const scrubbed = own.config.scrub === "on" || manifest.scrub === "on";
      ways.push({ agent: manifest.name, host, via: own.config.via ?? null, scrubbed });
    }
  }
  return { ways, says: saysOf(ways) };
}

function lineOf(lines: readonly ModelLine[], name: string): ModelLine | undefined {
  return lines.find((line) => (name === "inherit" ? line.inUse : line.name === name));
}

function isHere(host: string): boolean {
  return parseAddress(host)?.kind === "loopback";
}

function saysOf(ways: Posture["ways"]): string {
  if (ways.length === 0) return "everything local: no model outside this machine is asked";
  const kinds = new Map<string, string[]>();
  for (const { agent, host, via, scrubbed } of ways) {
    const how = `${scrubbed ? "scrubbed" : "as it is"}, ${via === null ? "directly" : `through ${via}`}`;
    const kind = `to ${host} (${how})`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), agent]);
  }
  return Array.from(kinds, ([kind, who]) => `${[...new Set(who)].join(", ")} ${kind}`).join("; ");
}
