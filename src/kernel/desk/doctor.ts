import { messageOf } from "../../std/error.ts";
import type { Check, ModelLine, Models, Place, Posture } from "../../contracts/nanos.ts";
import type { VerifyReport } from "../../contracts/trace.ts";
import type { SecretLine } from "../../contracts/secret.ts";
import type { DayStatus } from "../../contracts/stage.ts";
import { repositoryWith } from "../../memory/tracked.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";
import { dayOf } from "../day/view.ts";
import type { World } from "../world.ts";

/** What is missing on this machine and the next thing to do; with `probe`, live escape attempts. */
export async function doctor(given: {
  place: Place;
  world: World;
  sandbox: Sandbox;
  models: Pick<Models, "list" | "posture">;
  secrets: readonly SecretLine[];
  verify: () => VerifyReport;
  probe: boolean;
}): Promise<readonly Check[]> {
  const { place, world, sandbox, models, secrets, verify } = given;
  const checks: Check[] = [
    { name: "home", state: "ok", says: place.home },
    arrangementCheck(place),
    ...sandboxChecks(sandbox),
    modelCheck(models.list()),
    postureCheck(await models.posture()),
    secretCheck(secrets),
    ...memoryChecks(world.memory.dir),
    journalCheck(verify()),
    ...(await toolChecks(world, sandbox)),
    ...dayChecks(dayOf(await world.facts(), world)),
  ];
  if (given.probe) checks.push(...(await (await import("./probes.ts")).probeChecks(sandbox)));
  return checks;
}

function arrangementCheck({ arrangementDir, workspace }: Place): Check {
  if (arrangementDir) {
    return { name: "arrangement", state: "ok", says: `${arrangementDir}, workspace ${workspace}` };
  }
  const next = "Make one: nanos init --from indie-developer";
  return { name: "arrangement", state: "warn", says: "There is none yet.", next };
}

/** What holds tools and programs here, and what of them nothing holds. */
export function sandboxChecks(sandbox: Pick<Sandbox, "tier">): readonly Check[] {
  return [tierCheck(sandbox), programCheck(sandbox)];
}

const INSTALL = "Install bubblewrap: apt install bubblewrap";
const ELSEWHERE = "For what has been tried, run nanos on Linux.";

function tierCheck(sandbox: Pick<Sandbox, "tier">): Check {
  const name = "sandbox";
  const tier = sandbox.tier("host", false);
  if (tier === "bwrap") return { name, state: "ok", says: "bwrap: namespaces, seccomp and limits" };
  if (tier === "seatbelt") {
    const says = "seatbelt: a profile of macOS for each process; never run on a Mac by us";
    return { name, state: "warn", says, next: ELSEWHERE };
  }
  const next = `${INSTALL}, the strongest tier`;
  if (tier) return { name, state: "ok", says: `${tier}: Landlock, seccomp and limits`, next };
  const says = sandbox.tier("pure", false)
    ? "Only wasm, for tools that compute and reach nothing; others are refused."
    : "No tier can hold a tool here; tools are refused.";
  return { name, state: "bad", says, next };
}

function programCheck(sandbox: Pick<Sandbox, "tier">): Check {
  const name = "programs";
  const tier = sandbox.tier("program", false);
  if (!tier)
    return { name, state: "warn", says: "No tier can hold a program here.", next: INSTALL };
  const held = `held by ${tier}`;
  if (sandbox.tier("program", false, true) === null) {
    const says = `${held}, also those with net: scopes; those that start other programs are refused`;
    return { name, state: "warn", says, next: ELSEWHERE };
  }
  if (sandbox.tier("program", true) !== null) {
    return { name, state: "ok", says: `${held}, also those with net: scopes` };
  }
  return {
    name,
    state: "warn",
    says: `${held}; those with net: scopes are refused`,
    next: INSTALL,
  };
}

function modelCheck(models: readonly ModelLine[]): Check {
  const used = models.find(({ inUse }) => inUse);
  if (used && used.config.adapter !== "rules") {
    const scrub = used.config.scrub === "on" ? ", gets placeholders for what is sensitive" : "";
    return { name: "model", state: "ok", says: `${used.name} (${used.config.adapter})${scrub}` };
  }
  const next =
    "Add one: nanos model add NAME --adapter ollama --url http://127.0.0.1:11434 --model ID";
  return {
    name: "model",
    state: "warn",
    says: "No language model; the built-in rules answer.",
    next,
  };
}

function postureCheck({ ways, says }: Posture): Check {
  if (ways.every(({ scrubbed }) => scrubbed)) return { name: "privacy", state: "ok", says };
  const next = "Have what is sensitive replaced: nanos model add NAME … --scrub, also --via PROXY";
  return { name: "privacy", state: "warn", says, next };
}

function secretCheck(secrets: readonly SecretLine[]): Check {
  const name = "secrets";
  const [first] = secrets;
  if (!first) return { name, state: "ok", says: "none stored" };
  const count = `${secrets.length} stored`;
  switch (first.kept) {
    case "keyring":
      return { name, state: "ok", says: `${count}, sealed by a key in the keyring` };
    case "passphrase":
      return { name, state: "ok", says: `${count}, sealed by your passphrase` };
    case "file": {
      const next = "Seal them when you store the next: nanos secret set NAME --keep passphrase";
      return { name, state: "warn", says: `${count}, unencrypted in a 0600 file`, next };
    }
  }
}

/** Whether notes lie where more can read them than they are for. */
export function memoryChecks(dir: string): readonly Check[] {
  const repository = repositoryWith(dir);
  if (repository === null) return [];
  const says = `The repository ${repository} holds notes: who may read the workspace can read them in it.`;
  const next = `Take them out: git rm -r --cached ${dir}; what was committed stays in its history.`;
  return [{ name: "memory", state: "warn", says, next }];
}

function journalCheck(report: VerifyReport): Check {
  if (report.ok) return { name: "journal", state: "ok", says: `${report.events} events verified` };
  const next = "Keep a copy of the home, then see: nanos trace verify";
  return { name: "journal", state: "bad", says: report.bad ?? "does not verify", next };
}

/** Asked of podman only where a tool needs it: it takes a moment to answer. */
function containerChecks(sandbox: Sandbox, tools: readonly LoadedTool[]): readonly Check[] {
  if (!tools.some(({ kind }) => kind === "container")) return [];
  const held = sandbox.tier("container", false) !== null;
  if (held) return [{ name: "containers", state: "ok", says: "held by podman" }];
  const next = "Install podman: apt install podman runc";
  const says = "No podman here can hold a container to its limits; they are refused.";
  return [{ name: "containers", state: "warn", says, next }];
}

function bareCheck({ manifest }: LoadedTool): Check {
  const says = `${manifest.name} runs held by no sandbox, as you marked it; each use asks.`;
  return {
    name: "unconfined",
    state: "warn",
    says,
    next: "Install bubblewrap: apt install bubblewrap",
  };
}

async function toolChecks(world: World, sandbox: Sandbox): Promise<readonly Check[]> {
  try {
    const { tools, broken } = await world.tools.list();
    const bad = broken.map(({ source, failure }): Check => {
      const common = { name: "tool", state: "bad", says: `${source}: ${failure.message}` } as const;
      return failure.next ? { ...common, next: failure.next } : common;
    });
    return [
      { name: "tools", state: "ok", says: `${tools.length} loaded` },
      ...containerChecks(sandbox, tools),
      ...tools.filter(({ unconfined }) => unconfined).map(bareCheck),
      ...bad,
    ];
  } catch (error) {
    return [{ name: "tools", state: "bad", says: messageOf(error) }];
  }
}

/** Whether anything is left of the day, where it has a limit. */
export function dayChecks(day: DayStatus | null): readonly Check[] {
  if (day === null) return [];
  const { limit, used } = day;
  const keys = ["cost", "tokens", "calls"] as const;
  const over = keys.find((key) => {
    const most = limit[key];
    return most !== undefined && used[key] >= most;
  });
  if (over === undefined) return [{ name: "today", state: "ok", says: "inside its limits" }];
  const says = `The day's ${over} are used up; calls that need more are denied until midnight.`;
  const next = "Wait, or raise day in config.yaml or limits.day in arrangement.yaml.";
  return [{ name: "today", state: "warn", says, next }];
}
