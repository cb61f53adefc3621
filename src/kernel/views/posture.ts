import { parseAddress } from "../../std/address.ts";
import type { Agent } from "../../contracts/agent.ts";
import type { ModelLine, Posture } from "../../contracts/nanos.ts";
import type { Model } from "../../models/model.ts";

/**
 * Where the words of a conversation go: whose models the agents, and clients for vectors, would ask, over which way, and what
 * is taken out before. It follows from the config; nothing is dialled to find it out.
 */
export async function postureOf(given: {
  readonly agents: readonly Agent[];
  readonly lines: readonly ModelLine[];
  open(name: string): Promise<Model>;
}): Promise<Posture> {
  const { agents, lines, open } = given;
  const ways: Way[] = [];
  const wayTo = async (line: ModelLine | undefined, agent: string): Promise<Way | null> => {
    if (!line) return null;
    const { host } = await open(line.name).catch(() => ({ host: null }));
    if (host === null || isHere(host)) return null;
    const { via = null, scrub } = line.config;
    return { agent, host, via, scrubbed: scrub === "on" };
  };
  for (const { manifest } of agents) {
    const line = lineOf(lines, manifest.model);
    if (!line || (manifest.kind !== "prompt" && manifest.model === "inherit")) continue;
    const names = [line.name, ...(line.config.fallback ?? [])];
    for (const name of names) {
      const way = await wayTo(lineOf(lines, name), manifest.name);
      if (way) ways.push(manifest.scrub === "on" ? { ...way, scrubbed: true } : way);
    }
  }
  for (const line of lines) {
    const way = line.config.embeddings === true ? await wayTo(line, "embeddings") : null;
    if (way) ways.push(way);
  }
  return { ways, says: saysOf(ways) };
}

type Way = Posture["ways"][number];

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
