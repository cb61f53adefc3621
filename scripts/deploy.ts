/**
 * `scripts/deploy.sh` and `scripts/build.sh`: nanos in containers. They run a few programs in order;
 * `--print` shows them and runs none.
 *
 *     scripts/build.sh all|workspace|containers|cross|gpu|clean
 *     scripts/deploy.sh start|stop|status|logs|shell|restart|update|key|model|gpu
 *         [--type pod|compose] [--gpu auto|nvidia|amd|intel|none] [--ollama] [--env production]
 */
import { spawnSync } from "node:child_process";
import { findGpu, GPU_FLAGS, type Gpu, GPUS } from "./deploy/gpu.ts";
import { BUILD, DEPLOY, type Options, type Plan } from "./deploy/plan.ts";
import { ROOT, which } from "./machine.ts";

interface Said {
  readonly verb: string;
  readonly values: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  readonly rest: readonly string[];
}

const VALUES = ["--type", "--gpu", "--env"];
const FLAGS = ["--print", "--ollama", "--follow"];

/** @throws Error for a word that is none of theirs. */
export function planOf(tool: "build" | "deploy", argv: readonly string[], found: Gpu | null): Plan {
  const { verb, values, flags, rest } = read(argv);
  const verbs = tool === "build" ? BUILD : DEPLOY;
  const make = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (!make) throw new Error(`${verb || "nothing"}: say one of ${Object.keys(verbs).join(", ")}`);
  const models = flags.includes("--ollama");
  const usual = (models && process.env["GPU_SUPPORT"]) || "none";
  const gpu = oneOf("--gpu", values["--gpu"] ?? usual, ["auto", "none", ...GPUS]);
  const options: Options = {
    engine: process.env["NANOS_CONTAINERS"] ?? "podman",
    type: oneOf("--type", values["--type"] ?? "compose", ["pod", "compose"]),
    gpu: gpu === "auto" ? found : gpu === "none" ? null : gpu,
    ollama: models || gpu !== "none",
    production:
      oneOf("--env", values["--env"] ?? "development", ["development", "production"]) ===
      "production",
    follow: flags.includes("--follow"),
    rest,
  };
  return make(options);
}

function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const one = known.find((name) => name === value);
  if (one === undefined) throw new Error(`${flag} ${value}: say one of ${known.join(", ")}`);
  return one;
}

function read(argv: readonly string[]): Said {
  const values: Record<string, string> = {};
  const flags: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? "";
    if (VALUES.includes(word)) values[word] = argv[(i += 1)] ?? "";
    else if (FLAGS.includes(word)) flags.push(word);
    else if (word.startsWith("--") && rest[0] !== "key") throw new Error(`${word}: no such flag`);
    else rest.push(word);
  }
  const [verb = "", ...others] = rest;
  return { verb, values, flags, rest: others };
}

function main([tool = "", ...argv]: readonly string[]): number {
  const found = findGpu();
  if (tool === "deploy" && argv[0] === "gpu") {
    console.log(
      found ? `${found}: ${GPU_FLAGS[found].join(" ")}` : "none: the models use the processor",
    );
    return 0;
  }
  const plan = planOf(tool === "build" ? "build" : "deploy", argv, found);
  if (argv.includes("--print")) {
    for (const step of plan) console.log(step.join(" "));
    return 0;
  }
  for (const [program = "", ...args] of plan) {
    if (which(program) === null) throw new Error(`${program} is not installed`);
    const { status } = spawnSync(program, args, { cwd: ROOT, stdio: "inherit" });
    if (status !== 0) return status ?? 1;
  }
  return 0;
}

if (import.meta.main) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
