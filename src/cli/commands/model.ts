import { resolve } from "node:path";
import type { ModelLine } from "../../contracts/nanos.ts";
import type { ModelCard, ModelConfig, Price } from "../../contracts/model.ts";
import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import { arg, type Command, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { fields, table } from "../render/table.ts";
import { shortCount } from "../render/words.ts";

type Adapter = ModelConfig["adapter"];

// Written out, as the schema would cost the whole of zod here; the record type keeps it complete.
const ADAPTERS: Readonly<Record<Adapter, true>> = {
  "openai-compatible": true,
  openai: true,
  anthropic: true,
  ollama: true,
  http: true,
  gguf: true,
  script: true,
  rules: true,
};

const KNOWN = Object.keys(ADAPTERS) as readonly Adapter[];

export const command: Command = {
  name: "model",
  summary: "the models, and which one is in use",
  example: "nanos model use local",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all models, and those found on this machine",
      example: "nanos model list --json",
      options: [{ flag: "--found", about: "look for local endpoints and keys too" }],
      run: async (context, input) => {
        const { models } = await context.nanos();
        const found = input.options["--found"] === undefined ? [] : await models.discover();
        const all = [...models.list(), ...found];
        await show(context, all, () => modelTable(all, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "add",
      summary: "add a model by its provider",
      example: "nanos model add local --adapter ollama --url http://127.0.0.1:11434 --model ID",
      args: [{ name: "NAME", about: "what to call it", required: true }],
      options: [
        { flag: "--adapter", value: "KIND", about: `one of ${KNOWN.join(", ")}` },
        { flag: "--url", value: "URL", about: "base URL of the provider" },
        { flag: "--via", value: "URL", about: "proxy that every call goes through" },
        { flag: "--model", value: "ID", about: "the provider's name of the model" },
        { flag: "--key-env", value: "VAR", about: "environment variable that holds the key" },
        { flag: "--key-secret", value: "NAME", about: "stored secret that is the key" },
        { flag: "--file", value: "FILE", about: "GGUF file, or a script", offers: "files" },
        { flag: "--package", value: "DIR", about: "where node-llama-cpp is, if not on PATH" },
        { flag: "--fallback", value: "NAMES", about: "models that stand in for it, like b,c" },
        { flag: "--scrub", about: "send placeholders for what is sensitive" },
        { flag: "--embeddings", about: "clients may have vectors made by it" },
        { flag: "--images", about: "it takes images, whatever `model probe` finds" },
        { flag: "--thinking", value: "HOW", about: "low, medium or high, where it has to be told" },
        { flag: "--context", value: "TOKENS", about: "context window" },
        { flag: "--tools", value: "N", about: "tools it is offered at once at most" },
        {
          ...{ flag: "--price", value: "IN/OUT[/READ/WRITE]" },
          about: "dollars per million tokens, and those of its cache: 3/15/0.3/3.75",
        },
      ],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        const config = configOf(input, context.options.cwd ?? ".");
        await (await context.nanos()).models.add(name, config);
        await show(context, { name, config }, () => [
          [span("added ", "green"), name, span(`  nanos model use ${name} chooses it`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "use",
      summary: "choose the model to think with",
      example: "nanos model use rules",
      args: [{ name: "NAME", about: "the model", required: true, offers: "models" }],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        await (await context.nanos()).models.use(name);
        await show(context, { name, inUse: true }, () => [[span("in use ", "green"), name]]);
        return EXIT.succeeded;
      },
    },
    {
      name: "probe",
      summary: "measure what a model can do, and go by it from then on",
      example: "nanos model probe local",
      args: [{ name: "NAME", about: "the model", required: true, offers: "models" }],
      options: [{ flag: "--context", value: "TOKENS", about: "longest text to try" }],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        const most = option(input, "--context");
        const { terminal } = context;
        const on = (about: string): void => {
          if (terminal.errTty) terminal.err(`${about} …\n`);
        };
        const options = {
          on,
          ...(most === undefined ? {} : { context: positive(most, "--context") }),
        };
        const card = await (await context.nanos()).models.probe(name, options);
        await show(context, { name, card }, () => cardLines(card));
        return EXIT.succeeded;
      },
    },
    {
      name: "rm",
      summary: "forget a model that was added",
      example: "nanos model rm local",
      args: [{ name: "NAME", about: "the model", required: true, offers: "models" }],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        await (await context.nanos()).models.rm(name);
        await show(context, { name, removed: true }, () => [[span("removed ", "green"), name]]);
        return EXIT.succeeded;
      },
    },
  ],
};

/** Models as a table; the one in use is marked. */
export function modelTable(models: readonly ModelLine[], width: number): readonly Line[] {
  if (models.length === 0) return ["No models yet. nanos model add NAME adds one."];
  return table(
    [
      { title: " ", text: ({ inUse }) => (inUse ? "*" : " "), style: () => "green" },
      { title: "model", text: ({ name }) => name, style: () => "bold" },
      { title: "adapter", text: ({ config }) => config.adapter },
      { title: "from", text: ({ from }) => from },
      ...(models.some(({ card }) => card !== null) ? [{ title: "measured", text: measured }] : []),
      { title: "reaches", text: ({ config }) => reaches(config) },
    ],
    models,
    width,
  );
}

function cardLines(card: ModelCard): readonly Line[] {
  const can = (yes: boolean): string => (yes ? "yes" : "no");
  return fields([
    ["tools", toolWords(card)],
    ["parallel", can(card.parallel)],
    ["json", can(card.json)],
    ["context", card.context === 0 ? "none it could use" : `${shortCount(card.context)} tokens`],
    ["images", card.images === undefined ? "it can be sent none" : can(card.images)],
    ["speed", card.speed === null ? "unknown" : `${card.speed} tokens a second`],
  ]);
}

function toolWords({ tools, toolCount, dialect }: ModelCard): string {
  if (!tools) return "no: it is offered none and answers in text only";
  const how = dialect === undefined ? "yes" : "yes, told of them in words: it prints its calls";
  return toolCount === undefined ? how : `${how}; the right one among ${toolCount}`;
}

/** What was measured, in a few words. */
function measured({ card }: ModelLine): string {
  if (card === null) return "";
  const sees = card.images === true ? ", images" : "";
  const most = card.toolCount === undefined ? "" : `${card.toolCount} `;
  return `${card.tools ? `${most}tools` : "no tools"}, ${shortCount(card.context)}${sees}`;
}

function reaches(config: ModelConfig): string {
  const parts = [
    config.model,
    config.url,
    config.via === undefined ? "" : `via ${config.via}`,
    config.keyEnv === undefined ? "" : `$${config.keyEnv}`,
    config.keySecret === undefined ? "" : `secret:${config.keySecret}`,
    config.scrub === "on" ? "scrubbed" : "",
    config.embeddings === true ? "embeddings" : "",
  ];
  return parts.filter(Boolean).join(" ") || (config.file ?? "nothing");
}

/** A file of a person's lies where they are; a script belongs to the arrangement. */
function configOf(input: Input, cwd: string): ModelConfig {
  const context = option(input, "--context");
  const tools = option(input, "--tools");
  const price = option(input, "--price");
  const fallback = option(input, "--fallback");
  const thinking = option(input, "--thinking");
  const flags = ["--url", "--via", "--model", "--key-env", "--key-secret", "--file"];
  const [url, via, model, keyEnv, keySecret, file] = flags.map((flag) => option(input, flag));
  const engine = option(input, "--package");
  const adapter = adapterOf(option(input, "--adapter"));
  return {
    adapter,
    ...(url === undefined ? {} : { url }),
    ...(via === undefined ? {} : { via }),
    ...(model === undefined ? {} : { model }),
    ...(keyEnv === undefined ? {} : { keyEnv }),
    ...(keySecret === undefined ? {} : { keySecret }),
    ...(file === undefined ? {} : { file: adapter === "gguf" ? resolve(cwd, file) : file }),
    ...(engine === undefined ? {} : { package: resolve(cwd, engine) }),
    ...(fallback === undefined ? {} : { fallback: fallback.split(",") }),
    ...(input.options["--scrub"] === undefined ? {} : { scrub: "on" as const }),
    ...(input.options["--embeddings"] === undefined ? {} : { embeddings: true }),
    ...(input.options["--images"] === undefined ? {} : { images: true }),
    ...(context === undefined ? {} : { context: positive(context, "--context") }),
    ...(tools === undefined ? {} : { toolCount: positive(tools, "--tools") }),
    ...(thinking === undefined ? {} : { thinking: thinkingOf(thinking) }),
    ...(price === undefined ? {} : { price: priceOf(price) }),
  };
}

function adapterOf(given: string | undefined): Adapter {
  const found = KNOWN.find((name) => name === given);
  if (found !== undefined) return found;
  const near = given === undefined ? undefined : nearest(given, KNOWN);
  throw new NanosError(
    "usage.adapter",
    given === undefined ? "Which adapter?" : `There is no adapter ${given}.`,
    near === undefined ? `--adapter takes one of ${KNOWN.join(", ")}.` : `Did you mean ${near}?`,
  );
}

function thinkingOf(given: string): NonNullable<ModelConfig["thinking"]> {
  const found = LEVELS.find((level) => level === given);
  if (found !== undefined) return found;
  const next = "For example --thinking medium.";
  throw new NanosError(
    "usage.thinking",
    `--thinking takes low, medium or high, not ${given}.`,
    next,
  );
}

const LEVELS = ["low", "medium", "high"] as const;

function positive(given: string, flag: "--context" | "--tools"): number {
  const value = Number(given);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new NanosError(
    "usage.number",
    `${flag} takes a whole number, not ${given}.`,
    `For example ${flag} ${flag === "--tools" ? 16 : 32_768}.`,
  );
}

function priceOf(given: string): Price {
  const numbers = given.split("/").map((one) => (one.trim() === "" ? Number.NaN : Number(one)));
  const [input, output, cacheRead, cacheWrite] = numbers;
  const isPrice = numbers.every((one) => one >= 0 && Number.isFinite(one));
  if (isPrice && input !== undefined && output !== undefined) {
    if (numbers.length === 2) return { input, output };
    if (numbers.length === 4 && cacheRead !== undefined && cacheWrite !== undefined) {
      return { input, output, cacheRead, cacheWrite };
    }
  }
  throw new NanosError(
    "usage.price",
    `--price takes dollars per million tokens in and out, not ${given}.`,
    "For example --price 0.5/1.5, or with those of its cache 3/15/0.3/3.75.",
  );
}
