import { homedir } from "node:os";
import { relative, sep } from "node:path";
import { hashOf } from "../../std/hash.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import type { Agent, AgentReport, Agents, TestWish } from "../../contracts/agent.ts";
import type { ModelConfig } from "../../contracts/model.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import { withEntry } from "../../home/arrangement/attach.ts";
import { readPlain, utf8 } from "../../home/files.ts";
import type { Home } from "../../home/home.ts";
import { homesOf } from "../../home/places.ts";
import { editFiles, type Ground } from "../../home/install/place.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import type { Env } from "../../tools/box.ts";
import { emptyHome, homeBytes } from "../../tools/homes.ts";
import { note } from "../desk/note.ts";
import type { Elsewhere } from "../skills/cases.ts";
import type { Lent } from "./evals.ts";
import type { Chance } from "./opinion.ts";
import { draftOffer, foundAgents, type Where, wrapOffer } from "./offer.ts";

/** What the agents' desk is made of. */
export interface AgentDesk {
  readonly arrangement: Arrangement;
  readonly env: Env;
  /** Where agents' files are changed. */
  readonly home: Pick<Home, "ground" | "paths">;
  /** Where it is written down. */
  readonly journal: Journal;
  readonly sandbox: Sandbox;
  /** What a case is tried in. */
  readonly make: Elsewhere["make"];
  /** A model as it is set up here. @throws NanosError `model.unknown`. */
  readonly modelOf: (name: string) => ModelConfig;
  /** What a pause goes by. */
  readonly chance: Chance;
}

/** The agents of an arrangement: as a person asks about them, adds one, or takes one away. */
export function agentDesk(desk: AgentDesk): Agents {
  const { arrangement, env, home } = desk;
  const { agents, skills, mcpServers, workspace } = arrangement;
  const where: Where = {
    ...{ env, workspace, userHome: homedir(), home: home.paths.home },
    taken: [...agents.keys(), ...skills.keys(), ...Object.keys(mcpServers)],
  };
  const show = (name: string): Agent => {
    const agent = agents.get(name);
    if (agent) return agent;
    const near = nearest(name, agents.keys());
    const next = near ? `Did you mean ${near}?` : "See `nanos agent list`.";
    throw new NanosError("agent.unknown", `There is no agent ${name}.`, next);
  };
  const homes = homesOf(home.paths, workspace);
  return {
    kept: (name) => homeBytes(homes, show(name).manifest.name),
    clear: (name) => clear(homes, show(name)),
    list: () => [...agents.values()],
    show,
    found: () => foundAgents(where),
    wrap: (wish) => wrapOffer(wish, where),
    draft: (wish) => draftOffer(wish, where),
    add: async ({ name, file, text }, to = arrangement.manifest.oracle) => {
      const handed = await handing(desk, name, show(to));
      await write(desk, "nanos agent", new Map([[file, text], ...handed]));
      return handed.length > 0;
    },
    remove: async (name) => {
      const agent = show(name);
      if (name === arrangement.manifest.oracle) {
        const message = `${name} is the agent you talk to, and was not taken away.`;
        throw new NanosError(
          "agent.in_use",
          message,
          "Name another as oracle in arrangement.yaml.",
        );
      }
      clear(homes, agent);
      const path = pathIn(home.ground(), agent);
      const handed = (
        await Promise.all([...agents.values()].map((one) => handing(desk, name, one, false)))
      ).flat();
      await write(desk, "nanos agent rm", new Map([[path, null], ...handed]));
    },
    test: async (name, wish = {}) => tryCases(desk, show(name), wish),
  };
}

function clear(homes: string, { manifest: { name } }: Agent): void {
  if (emptyHome(homes, name)) return;
  const message = `${name} is at work in what it keeps, which was left as it is.`;
  throw new NanosError("agent.busy", message, "Wait until it is done, or cancel its run.");
}

/** What it needs is loaded when it is asked for, which is seldom. */
async function tryCases(desk: AgentDesk, agent: Agent, wish: TestWish): Promise<AgentReport> {
  const { arrangement, home, env, sandbox, make } = desk;
  const [{ testAgent }, { contentsOf }, { snapshot }] = await Promise.all([
    import("./evals.ts"),
    import("../../home/portable/contents.ts"),
    import("../../home/arrangement/snapshot.ts"),
  ]);
  const { dir, workspace, project } = home.ground();
  const { files } = contentsOf(snapshot(dir, workspace, project), { memory: false });
  const model = wish.model === undefined ? null : desk.modelOf(wish.model);
  const keyOf = ({ keyEnv: key }: ModelConfig): Env =>
    key === undefined ? {} : { [key]: env[key] };
  const lend = (one: string): Lent => {
    const config = desk.modelOf(one);
    return { config, env: keyOf(config) };
  };
  const given = { PATH: env["PATH"], ...(model && keyOf(model)) };
  const skills = [...arrangement.skills.keys()];
  return testAgent(
    { agent, files, skills, wish, model, lend, chance: desk.chance, git: { sandbox, env } },
    { make, env: given },
  );
}

/** An agent's file with one agent more or less to hand work to; none where it hands none on. */
async function handing(
  { home }: AgentDesk,
  name: string,
  { manifest, file }: Agent,
  on = true,
): Promise<readonly (readonly [string, string])[]> {
  if (manifest.kind !== "prompt" || manifest.agents.includes(name) === on) return [];
  const path = pathIn(home.ground(), { file });
  const text = utf8(readPlain(file, LIMITS.manifestBytes) ?? new Uint8Array()) ?? "";
  const changed = await withEntry(path, text, { list: "agents", name, on });
  return changed === text ? [] : [[path, changed]];
}

function pathIn({ dir }: Ground, { file }: Pick<Agent, "file">): string {
  return relative(dir, file).replaceAll(sep, "/");
}

async function write(
  { home, journal }: AgentDesk,
  from: string,
  texts: ReadonlyMap<string, string | null>,
): Promise<void> {
  await editFiles(home.ground(), texts);
  const files = [...texts.keys()];
  await note(journal, { kind: "arrangement.applied", from, hash: hashOf([...texts]), files });
}
