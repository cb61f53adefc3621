import type { ToolManifest } from "../../contracts/tool.ts";
import { OPERATOR_LABEL } from "../../gate/labels.ts";
import { policyHash } from "../../gate/policy.ts";
import { hashOf } from "../../std/hash.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { LoadedTool, ToolHost } from "../../tools/tool-host.ts";
import type { Facts, World } from "../world.ts";

/** How a model is asked: in which dialect, and among how many tools. */
interface LabWish {
  readonly dialect: "printed" | undefined;
  readonly tools: number;
}

/** The same world, with one agent and tools that are there for the probe alone. */
export function probeLab(world: World, { dialect, tools }: LabWish): World {
  const facts = async (): Promise<Facts> => factsFrom(await world.facts(), loaded(tools));
  // What is measured must not depend on what was measured before.
  const modelSettings: World["modelSettings"] = (name) => ({
    context: world.modelSettings(name).context,
    fallback: [],
    tools: true,
    images: true,
    ...(dialect && { dialect }),
  });
  return { ...world, facts, modelSettings, tools: ADDER };
}

/** The tool it is asked to call; it adds two numbers. */
export const SUM_TOOL = "probe_sum";
const SKILL = "probe";

function factsFrom(facts: Facts, tools: readonly LoadedTool[]): Facts {
  const agent = {
    name: SKILL,
    description: "Answers the questions of a probe.",
    model: "inherit",
    skills: [SKILL],
    agents: [],
    memory: [],
    limits: {},
    kind: "prompt" as const,
  };
  return {
    ...facts,
    name: SKILL,
    oracle: SKILL,
    instructions: null,
    agents: [{ manifest: agent, prompt: "Do exactly what you are asked." }],
    skills: [],
    tools,
    broken: [],
    rules: [],
    routes: [],
    allow: [],
    policy: policyHash([], []),
  };
}

/** So many tools: the one that adds, then those that are nearly it, then others. */
function loaded(count: number): readonly LoadedTool[] {
  return [[SUM_TOOL, "Adds two numbers."] as const, ...NEAR, ...OTHERS]
    .slice(0, count)
    .map(([name, description], i): LoadedTool => {
      const input = i <= NEAR.length ? NUMBERS : WORDS;
      const manifest = { name, description, input, scopes: [], repeatable: true, probe: false };
      const hash = hashOf(manifest as unknown as Json);
      return { manifest, skill: SKILL, kind: "module", source: "nanos", hash };
    });
}

const NEAR = [
  ["probe_difference", "Takes one number from another."],
  ["probe_product", "Multiplies two numbers."],
  ["probe_quotient", "Divides one number by another."],
] as const;

const VERBS = ["add", "find", "list", "move", "open", "read", "remove", "send"];
const NOUNS = [
  ...["alarm", "contact", "event", "file", "folder", "invoice", "letter", "map"],
  ...["note", "order", "photo", "recipe", "song", "task", "ticket", "timer"],
];

const OTHERS = NOUNS.flatMap((noun) =>
  VERBS.map((verb) => [`${verb}_${noun}`, `To ${verb} one ${noun} or several.`] as const),
);

const NUMBERS: ToolManifest["input"] = {
  type: "object",
  properties: { a: { type: "number" }, b: { type: "number" } },
  required: ["a", "b"],
  additionalProperties: false,
};

const WORDS: ToolManifest["input"] = {
  type: "object",
  properties: { name: { type: "string", description: "What it is about." } },
  required: ["name"],
  additionalProperties: false,
};

/** A sum needs no process and reaches nothing; it says so as its isolation. */
const ADDER: ToolHost = {
  list: async () => ({ tools: [], broken: [] }),
  call: async ({ tool, args }) => {
    const { a, b } = isObject(args) ? args : {};
    const output = Number(a) + Number(b);
    if (tool === SUM_TOOL && Number.isFinite(output)) {
      return { ok: true, output, isolation: "host", label: OPERATOR_LABEL, staged: null };
    }
    const failure = { code: "tool.bad_arguments", message: `${tool} did nothing here.` };
    return { ok: false, failure, isolation: "host" };
  },
  reopen: async () => null,
  written: () => [],
  undoing: () => ({ files: [], written: [] }),
  takeBack: async () => ({ code: "undo.nothing", message: "A probe writes no files." }),
  isStale: () => false,
  code: () => null,
  leave: () => undefined,
  close: async () => undefined,
};
