import type { Failure } from "../../contracts/outcome.ts";
import { NanosError } from "../../std/error.ts";
import { hashOf } from "../../std/hash.ts";
import { type Json, sameJson } from "../../std/json.ts";
import { nearest } from "../../std/nearest.ts";
import type { Agent } from "../../contracts/agent.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Config } from "../../contracts/config.ts";
import type { ModelConfig } from "../../contracts/model.ts";
import type { ModelLine, Models } from "../../contracts/nanos.ts";
import type { ModelDeps } from "../../models/adapter.ts";
import type { StoreFile } from "../../home/store.ts";
import { openModel } from "../../models/open.ts";
import type { Model } from "../../models/model.ts";
import type { Journal } from "../../journal/journal.ts";
import { LIMITS } from "../../std/limits.ts";
import { cardOf } from "../views/cards.ts";
import type { ModelSettings, World } from "../world.ts";
import { note } from "./note.ts";

/** The model that needs no provider; it is there in every home. */
export const BUILT_IN = "rules";

/** What the model desk is made of. `config` is re-read after a change of this process. */
export interface ModelDesk {
  readonly models: Omit<Models, "probe" | "posture" | "ready" | "embed">;
  /** Opens a model by name; one and the same for the life of the process. */
  open(name: string): Promise<Model>;
  defaultName(): string;
  /** How a model is set up. @throws NanosError `model.unknown`. */
  config(name: string): ModelConfig;
  settings(name: string): ModelSettings;
  /** True where the operator wants it to get placeholders for what is sensitive. */
  scrubs(name: string): boolean;
  /** How long `ready` waits for the one in use. */
  readyMs(): number;
  /** Reads the config anew, after somebody changed it. */
  reload(): Promise<void>;
}

/** Opens the models of config and arrangement; contacts none of them. */
export function modelDesk(given: {
  arrangement: Arrangement;
  config: Config;
  store: StoreFile<Config>;
  journal: Journal;
  deps: ModelDeps;
}): ModelDesk {
  const { arrangement, journal, deps } = given;
  let config = given.config;
  const opened = new Map<string, Promise<Model>>();
  const inUse = (): string => nameIn(config) ?? arrangement.manifest.model ?? BUILT_IN;
  const bare = (): readonly ModelLine[] => linesOf(config, arrangement, inUse()); // no cards yet
  const find = (name: string): ModelLine => findLine(bare(), name);
  const chosen = (name: string): Promise<void> =>
    note(journal, { kind: "model.chosen", name, adapter: find(name).config.adapter });
  return {
    scrubs: (name) => find(name).config.scrub === "on",
    ...{
      readyMs: () => config.most?.readyMs ?? LIMITS.modelDialMs,
      defaultName: inUse,
      config: (name: string) => find(name).config,
    },
    reload: async () => {
      config = forgetOther(opened, config, await given.store.read());
    },
    settings: (name) => settingsOf(withCard(journal, find(name))),
    open: (name) => openOnce(opened, name, () => openModel(name, find(name).config, deps)),
    models: {
      list: () => bare().map((one) => withCard(journal, one)),
      discover: () => discover(deps, bare()),
      add: async (name, model) => {
        await tryModel(name, passable(model), { find, deps });
        config = await given.store.change((old) => withModel(old, name, model));
        opened.delete(name);
        await chosen(name);
      },
      use: async (name) => {
        find(name);
        config = await given.store.change((old) => ({ ...old, model: name }));
        await chosen(name);
      },
      rm: async (name) => {
        checkOwn(find(name));
        config = await given.store.change((old) => without(old, name));
        opened.delete(name);
      },
    },
  };
}

/** What was opened once is kept, unless it could not be. */
function openOnce(
  opened: Map<string, Promise<Model>>,
  name: string,
  open: () => Promise<Model>,
): Promise<Model> {
  const known = opened.get(name) ?? open();
  opened.set(name, known);
  known.catch(() => opened.delete(name));
  return known;
}

/** The model the operator chose, where they did. */
function nameIn({ model, allow }: Config): string | undefined {
  return allow?.models === false ? BUILT_IN : model;
}

/** Whether a model can be had, before it is written down. Opening it contacts nobody. */
async function tryModel(
  name: string,
  model: ModelConfig,
  { find, deps }: { readonly find: (name: string) => ModelLine; readonly deps: ModelDeps },
): Promise<void> {
  checkName(name);
  for (const other of model.fallback ?? []) find(other);
  const { embed } = await openModel(name, model, deps);
  if (model.embeddings !== true || embed) return;
  const message = `No vectors can be had of ${name} by way of ${model.adapter}.`;
  const next = "Leave --embeddings out, or use another adapter.";
  throw new NanosError("model.no_vectors", message, next);
}

/** Opened models whose config is another one now are opened anew. Gives the config as it is now. */
function forgetOther(opened: Map<string, unknown>, was: Config, now: Config): Config {
  for (const name of opened.keys()) {
    if (!same(now.models[name], was.models[name])) opened.delete(name);
  }
  return now;
}

function same(a: ModelConfig | undefined, b: ModelConfig | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameJson(a as Json, b as Json);
}

/** What the operator wrote down counts before what was measured, and that before what is usual. */
function settingsOf({ config, card }: ModelLine): ModelSettings {
  const { adapter, fallback = [] } = config;
  // What runs inside nanos reads everything.
  const usual = adapter === "rules" || adapter === "script" ? null : LIMITS.contextTokens;
  const measured = card === null || card.context === 0 ? null : card.context;
  const toolCount = config.toolCount ?? card?.toolCount;
  return {
    fallback,
    context: config.context ?? measured ?? usual,
    tools: card?.tools ?? true,
    ...(toolCount === undefined ? {} : { toolCount }),
    ...(card?.dialect && { dialect: card.dialect }),
    images: (config.images ?? card?.images ?? false) && takesImages(config),
  };
}

/** Adapters whose wire has no place for an image: one sent there would be lost without a word. */
const WITHOUT_IMAGES: readonly ModelConfig["adapter"][] = ["gguf", "http", "rules"];

function takesImages({ adapter }: ModelConfig): boolean {
  return !WITHOUT_IMAGES.includes(adapter);
}

/** Adapters that have no way to say how hard to think. */
const WITHOUT_THINKING: readonly ModelConfig["adapter"][] = ["gguf", "http", "rules", "script"];

/** @throws NanosError `model.no_images` or `model.no_thinking`. */
function passable(model: ModelConfig): ModelConfig {
  const { adapter, images, thinking } = model;
  if (images === true && !takesImages(model)) {
    const message = `Images cannot be sent to a model by way of ${adapter}.`;
    throw new NanosError("model.no_images", message, "Leave --images out, or use another adapter.");
  }
  if (thinking === undefined || !WITHOUT_THINKING.includes(adapter)) return model;
  const message = `A model cannot be told how hard to think by way of ${adapter}.`;
  throw new NanosError(
    "model.no_thinking",
    message,
    "Leave --thinking out, or use another adapter.",
  );
}

function withModel(old: Config, name: string, model: ModelConfig): Config {
  return { ...old, models: { ...old.models, [name]: model } };
}

function withCard(journal: Journal, line: ModelLine): ModelLine {
  return { ...line, card: cardOf(journal, configHash(line.config)) };
}

function configHash(config: ModelConfig): string {
  return hashOf(config as Json);
}

/** The models as surfaces see them; measuring one takes runs of its own. */
export function modelsOf(desk: ModelDesk, world: World, agents: readonly Agent[]): Models {
  return {
    ...desk.models,
    ready: () => whyNotReady(desk, desk.readyMs()),
    embed: async (name, ...wished) => {
      const { embedWith } = await import("../vectors/desk.ts");
      return embedWith(
        world,
        { model: await desk.open(name), config: desk.config(name) },
        ...wished,
      );
    },
    posture: async () => {
      const { postureOf } = await import("../views/posture.ts");
      return postureOf({ agents, lines: desk.models.list(), open: desk.open });
    },
    probe: async (name, options = {}) => {
      const { probeModel } = await import("../probing/probe.ts");
      const { config } = findLine(desk.models.list(), name);
      const window = desk.settings(name).context ?? LIMITS.contextTokens;
      const known = { window, sendable: takesImages(config) };
      const { card, runs } = await probeModel(world, name, known, options);
      const body = { kind: "model.probed", name, config: configHash(config), card } as const;
      await note(world.journal, { ...body, runs: [...runs] });
      return card;
    },
  };
}

/** The operator's own, then the arrangement's, then the one that is always there. */
function linesOf(config: Config, arrangement: Arrangement, inUse: string): readonly ModelLine[] {
  return [
    ...Object.entries(config.models).map(([name, model]) => line(name, model, "home", inUse)),
    ...Object.entries(arrangement.models)
      .filter(([name]) => !(name in config.models))
      .map(([name, model]) => line(name, model, "arrangement", inUse)),
    line(BUILT_IN, { adapter: "rules" }, "built-in", inUse),
  ];
}

function checkName(name: string): void {
  if (name !== BUILT_IN && name !== "") return;
  const message = `A model cannot be called ${name || "nothing"}.`;
  throw new NanosError("model.bad_name", message, "Choose another name.");
}

function checkOwn({ name, from }: ModelLine): void {
  if (from === "home") return;
  const next = "Only models added with `nanos model add` can be removed.";
  throw new NanosError("model.not_yours", `${name} is not in your config.`, next);
}

/** Endpoints and keys on this machine that are not configured yet. */
async function discover(deps: ModelDeps, known: readonly ModelLine[]): Promise<ModelLine[]> {
  const { discoverModels } = await import("../../models/discover.ts");
  const found = await discoverModels({ env: deps.env, clock: deps.clock });
  const at = ({ url = "", model = "" }: ModelConfig): string => `${url} ${model}`;
  const there = new Set(known.map(({ config }) => at(config)));
  return found
    .filter(({ config }) => !there.has(at(config)))
    .map(({ name, config }) => line(name, config, "found", ""));
}

function findLine(all: readonly ModelLine[], name: string): ModelLine {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  const near = nearest(
    name,
    all.map((one) => one.name),
  );
  const next = near ? `Did you mean ${near}?` : "See `nanos model list`, or `nanos model add`.";
  throw new NanosError("model.unknown", `There is no model ${name}.`, next);
}

function without(config: Config, name: string): Config {
  const { [name]: _gone, ...models } = config.models;
  const { model, ...rest } = config;
  return { ...rest, models, ...(model === undefined || model === name ? {} : { model }) };
}

function line(
  name: string,
  config: ModelConfig,
  from: ModelLine["from"],
  inUse: string,
): ModelLine {
  return { name, config, from, inUse: name === inUse, card: null };
}

async function whyNotReady(
  { open, defaultName, config }: ModelDesk,
  ms: number,
): Promise<Failure | null> {
  const name = defaultName();
  try {
    const { host } = await open(name);
    // Behind a proxy only that could be dialled, and it says nothing of what is behind it.
    if (host === null || config(name).via !== undefined) return null;
    const { dials } = await import("../../models/wire/dial.ts");
    if (await dials(host, ms)) return null;
    const next = `Start it, or use another: nanos model use NAME`;
    return { code: "model.unreachable", message: `Nobody answers at ${host}.`, next };
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const { code, message, next } = error;
    return { code, message, next };
  }
}
