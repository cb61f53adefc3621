import { GPU_FLAGS, type Gpu } from "./gpu.ts";

/** What is done, as the argv of each program in its order: shown by `--print`, run else. */
export type Plan = readonly (readonly string[])[];

export interface Options {
  /** What runs containers: `podman` or `docker`. */
  readonly engine: string;
  readonly type: "pod" | "compose";
  readonly gpu: Gpu | null;
  /** True with a model's server beside it. */
  readonly ollama: boolean;
  readonly production: boolean;
  readonly follow: boolean;
  /** What stands behind the verb. */
  readonly rest: readonly string[];
}

const IMAGE = "localhost/nanos:latest";
const OLLAMA = "docker.io/ollama/ollama:latest";
const PORT = "127.0.0.1:8088:8088";
/** A container without anything it does not need. */
const HARD = [
  ...["--read-only", "--tmpfs=/tmp:mode=1777,size=256m", "--cap-drop=all"],
  ...["--security-opt=no-new-privileges", "--pids-limit=512", "--memory=2g"],
];
const DATA = "--volume=nanos_data:/data";

type Verb = (options: Options) => Plan;

export const DEPLOY: Readonly<Record<string, Verb>> = {
  start: (o) => (o.type === "compose" ? [compose(o, "up", "--detach")] : pod(o)),
  stop: (o) => (o.type === "compose" ? [compose(o, "down")] : [[o.engine, "pod", "stop", "nanos"]]),
  status: (o) =>
    o.type === "compose" ? [compose(o, "ps")] : [[o.engine, "ps", "--filter=pod=nanos"]],
  logs: (o) => {
    const flags = o.follow ? ["--follow"] : [];
    return o.type === "compose"
      ? [compose(o, "logs", ...flags, ...o.rest)]
      : [[o.engine, "logs", ...flags, container(o)]];
  },
  shell: (o) =>
    o.type === "compose"
      ? [compose(o, "exec", o.rest[0] ?? "nanos", "/bin/sh")]
      : [[o.engine, "exec", "-it", container(o), "/bin/sh"]],
  restart: (o) =>
    o.type === "compose" ? [compose(o, "restart")] : [[o.engine, "pod", "restart", "nanos"]],
  update: (o) => [
    ...images(o),
    ...(o.type === "compose"
      ? [compose(o, "up", "--detach", "--force-recreate")]
      : [[o.engine, "pod", "rm", "--force", "nanos"], ...pod(o)]),
  ],
  key: (o) => [once(o, "key", "new", ...o.rest)],
  model: (o) => {
    const [id = "llama3.1:8b"] = o.rest;
    // In a pod all share one loopback; beside each other each has its own name.
    const url = o.type === "compose" ? "http://ollama:11434" : "http://127.0.0.1:11434";
    const add = ["model", "add", "ollama", "--adapter", "ollama", "--url", url, "--model", id];
    const pull =
      o.type === "compose"
        ? compose({ ...o, ollama: true }, "exec", "ollama", "ollama", "pull", id)
        : [o.engine, "exec", "nanos-ollama", "ollama", "pull", id];
    return [pull, once(o, ...add), once(o, "model", "use", "ollama")];
  },
};

export const BUILD: Readonly<Record<string, Verb>> = {
  all: (o) => [...workspace(), ...images(o)],
  workspace: () => workspace(),
  containers: (o) => images(o),
  cross: () => [["npm", "run", "release"]],
  gpu: (o) => [[o.engine, "pull", OLLAMA], ...images(o)],
  clean: () => [["rm", "-rf", "dist", "lib", "coverage"]],
};

function workspace(): Plan {
  return [
    ["npm", "ci"],
    ["npm", "run", "build"],
  ];
}

function images({ engine }: Options): Plan {
  return [[engine, "build", "--file", "deploy/Containerfile", "--tag", IMAGE, "."]];
}

/** One command of nanos over the data of the one that serves. */
function once({ engine }: Options, ...args: string[]): readonly string[] {
  return [engine, "run", "--rm", ...HARD, DATA, IMAGE, ...args];
}

function container({ rest: [name = "nanos"] }: Options): string {
  return name === "ollama" ? "nanos-ollama" : "nanos-serve";
}

function compose(o: Options, ...args: string[]): readonly string[] {
  const files = [
    "deploy/compose.yaml",
    ...(o.ollama ? ["deploy/compose.ollama.yaml"] : []),
    ...(o.gpu ? [`deploy/compose.${o.gpu}.yaml`] : []),
    ...(o.production ? ["deploy/compose.hardened.yaml"] : []),
  ];
  return [o.engine, "compose", ...files.flatMap((file) => ["--file", file]), ...args];
}

function pod({ engine, gpu, ollama }: Options): Plan {
  const run = (name: string): string[] => [
    ...[engine, "run", "--detach", "--pod=nanos", `--name=${name}`],
    "--restart=on-failure",
  ];
  const models = [...(gpu ? GPU_FLAGS[gpu] : []), "--volume=ollama_data:/root/.ollama", OLLAMA];
  return [
    [engine, "pod", "create", "--replace", "--name=nanos", `--publish=${PORT}`],
    ...(ollama || gpu ? [[...run("nanos-ollama"), ...models]] : []),
    [...run("nanos-serve"), ...HARD, DATA, IMAGE],
  ];
}
