import { type FakeClock, fakeClock } from "../../std/clock.ts";
import { canonical } from "../../std/canonical.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { countingRandom } from "../../std/random.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { Grant } from "../../contracts/config.ts";
import type { Key } from "../../contracts/http/key.ts";
import { MEMORY_OFF, type MemorySettings } from "../../contracts/memory.ts";
import type { Route, Rule } from "../../contracts/rules.ts";
import type { RunHandle } from "../../contracts/nanos.ts";
import type { RunState } from "../../contracts/run.ts";
import type { ScriptInput } from "../../contracts/script.ts";
import { GATE_VERSION, policyHash } from "../../gate/policy.ts";
import type { Journal, Lease } from "../../journal/journal.ts";
import { memoryJournal } from "../../journal/open.ts";
import { openMemory } from "../../memory/open.ts";
import type { Model } from "../../models/model.ts";
import { scriptModel } from "../../models/script.ts";
import { goodKey } from "../keys/keys.ts";
import { openGuard } from "../secrets/guard.ts";
import type { Facts, FetchResult, World } from "../world.ts";
import { type FunctionTool, type FunctionTools, functionTools } from "./function-tools.ts";

/** A world without disk, network or provider, for trying the kernel: everything else is real. */
export interface Lab {
  readonly world: World;
  readonly journal: Journal;
  readonly clock: FakeClock;
  readonly tools: FunctionTools;
  readonly facts: Facts;
  grants: readonly Grant[];
  /**
   * The same home in another process, once this one is gone: same journal and files, nothing kept
   * in memory, no lease held.
   */
  again(): Lab;
}

export interface LabSetup {
  readonly script?: ScriptInput;
  readonly model?: Model;
  /** False: the models were measured not to call tools. */
  readonly modelTools?: boolean;
  /** Tools the models are offered at once at most. */
  readonly toolCount?: number;
  /** Tokens the models can read at once. */
  readonly context?: number;
  /** Models by name, those that stand in for the first one after it. */
  readonly models?: readonly Model[];
  /** Models that get placeholders for what is sensitive. */
  readonly scrubs?: readonly string[];
  readonly tools?: readonly FunctionTool[];
  readonly agents?: readonly {
    manifest: Partial<AgentManifest> & { name: string };
    prompt?: string;
  }[];
  readonly skills?: Facts["skills"];
  readonly rules?: readonly Rule[];
  readonly routes?: readonly Route[];
  readonly limits?: Facts["limits"];
  readonly day?: Facts["day"];
  readonly depth?: number;
  readonly warnDepth?: number;
  readonly grants?: readonly Grant[];
  readonly fetch?: (url: string, wanted: Fetch, secrets: readonly string[]) => FetchResult;
  /** Secrets by name: the host each is bound to, null for programs. */
  readonly secrets?: Readonly<Record<string, string | null>>;
  readonly keys?: readonly Key[];
  /** Values of secrets by name, to be kept out of everything. */
  readonly values?: Readonly<Record<string, string>>;
  /** A folder for notes, absolute. */
  readonly memoryDir?: string;
  readonly memory?: Partial<MemorySettings>;
  readonly traits?: Facts["traits"];
  /** How the operator works here, as the oracle is told. */
  readonly companion?: string;
  /** Where agents' files lie, for an arrangement that grows by conversation. */
  readonly grows?: Facts["grows"];
  /** Where the arrangement lies. */
  readonly dir?: string;
  /** The oracle may hand in plans. */
  readonly proposes?: true;
  readonly modelImages?: boolean;
  /** What says what comes next where that is no model. */
  readonly decide?: World["decide"];
  /** What looks at plans that are handed in. */
  readonly readPlan?: World["readPlan"];
  readonly thoughts?: World["thoughts"];
}

type Fetch = Parameters<World["fetch"]>[0];

/** Below what is no folder: nobody writes there, whoever they are. */
const NO_FOLDER = "/dev/null/memory";

const NO_DISK = { code: "tree.git", message: "There is no disk here." };

const NO_SIGNER: World["log"] = {
  name: "lab",
  sign: () => "",
  publicKey: () => new Uint8Array(32),
};

export function lab(setup: LabSetup = {}, kept: Partial<Kept> = {}): Lab {
  const clock = kept.clock ?? fakeClock();
  const random = countingRandom();
  const disk = kept.journal ?? memoryJournal({ clock, random });
  const { journal, giveBack } = ownLeases(disk);
  const vault = kept.vault ?? new Map<string, string>();
  const tools = kept.tools ?? functionTools(setup.tools ?? []);
  const facts = factsFor(setup, tools);
  const made: Lab = {
    journal,
    clock,
    tools,
    facts,
    grants: setup.grants ?? [],
    again: () => {
      giveBack();
      return lab(setup, { clock, journal: disk, vault, tools });
    },
    world: {
      journal,
      clock,
      random,
      version: "test",
      tools,
      memory: openMemory(setup.memoryDir ?? NO_FOLDER),
      trees: {
        placeOf: (run) => `/nowhere/trees/${run}`,
        open: async () => NO_DISK,
        patch: async () => NO_DISK,
        close: () => undefined,
        sweep: () => undefined,
      },
      holds: () => true,
      going: new Set<string>(),
      facts: async () => facts,
      inner: async () => ({ code: "trust.needed", message: "There is no other arrangement here." }),
      vault: {
        put: (content) => {
          const text = typeof content === "string" ? content : Buffer.from(content).toString();
          vault.set(sha256(text), text);
          return sha256(text);
        },
        remove: (hash) => vault.delete(hash),
        get: (hash) => {
          const text = vault.get(hash);
          return text === undefined ? null : Buffer.from(text);
        },
      },
      keep: async (one) => {
        const text = canonical(one as unknown as Json);
        vault.set(sha256(text), text);
        return sha256(text);
      },
      recall: (hash) => {
        const text = vault.get(hash);
        return text === undefined ? null : (JSON.parse(text) as Facts);
      },
      grants: () => made.grants,
      renew: () => null,
      traits: async () => facts.traits ?? [],
      companion: async () => setup.companion ?? null,
      look: async () => {
        throw new Error("bug: this lab has no past");
      },
      growth: { find: async () => ({ agents: [] }), change: async () => undefined },
      thoughts: setup.thoughts ?? { refuse: () => null, of: () => [], find: () => null },
      decide: setup.decide ?? (() => null),
      readPlan: setup.readPlan ?? (async () => ({ faults: ["There are no plans here."] })),
      model: async (name) =>
        setup.models?.find((model) => model.name === name) ??
        setup.model ??
        scriptModel("script", setup.script ?? { turns: [] }, clock),
      defaultModel: () => setup.models?.[0]?.name ?? "script",
      scrubs: (name) => setup.scrubs?.includes(name) ?? false,
      modelSettings: () => ({
        fallback: setup.models?.slice(1).map(({ name }) => name) ?? [],
        context: setup.context ?? null,
        tools: setup.modelTools ?? true,
        images: setup.modelImages ?? false,
        ...(setup.toolCount === undefined ? {} : { toolCount: setup.toolCount }),
      }),
      fetch: async (wanted, { secrets }) =>
        setup.fetch?.(wanted.url, wanted, secrets) ?? {
          code: "fetch.refused",
          message: "There is no network here.",
        },
      key: async (id) => goodKey(setup.keys ?? [], id, clock.now()),
      guard: openGuard({
        open: async () =>
          new Map(
            Object.entries(setup.values ?? {}).map(([name, value]) => [name, { value, hosts: [] }]),
          ),
      }),
      lend: async (name, use) =>
        setup.secrets?.[name] === ("host" in use ? use.host : null)
          ? null
          : { code: "secret.not_bound", message: "It does not go there." },
      lock: async () => undefined,
      isStill: async (path, hash) => sha256(tools.files.get(path) ?? "") === hash,
      alone: oneByOne(),
      sign: (text) => `signed:${text.length}`,
      verify: (text, signature) => signature === `signed:${text.length}`,
      operatorKey: () => "",
      log: NO_SIGNER,
      witness: NO_SIGNER,
    },
  };
  if (labs.length < MOST_LABS) labs.push(made);
  return made;
}

/** Made since they were last taken. */
let labs: Lab[] = [];
const MOST_LABS = 500;

/** The labs that were made since this was last called, for what looks at every trace of a test. */
export function takeLabs(): readonly Lab[] {
  const taken = labs;
  labs = [];
  return taken;
}

/** Lets each task begin once the one before it is over. */
function oneByOne(): World["alone"] {
  const last = new Map<string, Promise<unknown>>();
  return (task, what = "commit") => {
    const done = (last.get(what) ?? Promise.resolve()).then(task);
    last.set(
      what,
      done.catch(() => undefined),
    );
    return done;
  };
}

/** A journal whose leases end with the process that took them. */
function ownLeases(disk: Journal): { journal: Journal; giveBack: () => void } {
  const held = new Set<Lease>();
  const lease = (run: string): Lease | null => {
    const taken = disk.lease(run);
    if (taken) held.add(taken);
    return taken;
  };
  const giveBack = (): void => {
    for (const one of held) one.release();
  };
  return { journal: { ...disk, lease }, giveBack };
}

interface Kept {
  readonly clock: FakeClock;
  readonly journal: Journal;
  readonly vault: Map<string, string>;
  readonly tools: FunctionTools;
}

function factsFor(setup: LabSetup, tools: FunctionTools): Facts {
  const { rules = [], routes = [], limits = {}, depth = 1, warnDepth } = setup;
  const agents = setup.agents ?? [{ manifest: { name: "oracle" } }];
  const loaded = tools.loaded;
  return {
    v: 1,
    name: "lab",
    oracle: "oracle",
    workspace: "/ws",
    machine: "/home/me/.nano-os/machine",
    userHome: "/home/me",
    depth,
    ...(warnDepth === undefined ? {} : { warnDepth }),
    ...(setup.day === undefined ? {} : { day: setup.day }),
    limits,
    instructions: null,
    agents: agents.map(({ manifest, prompt = "You help." }) => ({
      manifest: {
        description: `The agent ${manifest.name}.`,
        model: "inherit",
        skills: [...new Set(loaded.map(({ skill }) => skill))],
        agents: agents.map((one) => one.manifest.name).filter((name) => name !== manifest.name),
        memory: [],
        limits: {},
        kind: "prompt",
        ...manifest,
      },
      prompt,
    })),
    skills: setup.skills ?? [],
    tools: loaded,
    broken: [],
    rules,
    routes,
    allow: [],
    ...(setup.memory ? { memory: { ...MEMORY_OFF, ...setup.memory } } : {}),
    ...(setup.traits ? { traits: setup.traits } : {}),
    ...(setup.grows ? { grows: setup.grows } : {}),
    ...(setup.dir === undefined ? {} : { dir: setup.dir }),
    ...(setup.proposes ? { proposes: true as const } : {}),
    policy: policyHash(rules, routes),
    ...{ evidence: true, artifacts: true, thoughts: true },
    gate: GATE_VERSION,
  };
}

/** The state a handle comes to. */
export function ended(handle: Promise<RunHandle>): Promise<RunState> {
  return handle.then(({ done }) => done);
}
