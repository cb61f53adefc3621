import type { Artifacts } from "../../contracts/artifact.ts";
import type { Cognition } from "../../contracts/cognition.ts";
import type { Keys } from "../../contracts/http/key.ts";
import type { Models, Nanos } from "../../contracts/nanos.ts";
import type { Schedules } from "../../contracts/schedule.ts";
import { NanosError } from "../../std/error.ts";

/** What a scripted home has no script for. */
export function unscripted(): never {
  throw new Error("not scripted");
}

/** Models nobody dials, and one that is found. */
export const NO_MODEL_ASKED: Pick<Models, "embed" | "ready" | "posture" | "discover"> = {
  embed: unscripted,
  ready: async () => null,
  posture: async () => ({ ways: [], says: "everything local" }),
  discover: async () => [
    {
      name: "ollama",
      config: { adapter: "ollama", url: "http://127.0.0.1:11434" },
      from: "found",
      inUse: false,
      card: null,
    },
  ],
};

/** No keys for the network. */
export const NO_KEYS: Keys = {
  list: async () => [],
  make: unscripted,
  rm: unscripted,
  admit: async () => null,
  link: unscripted,
  useLink: async () => false,
  lend: unscripted,
  renew: async () => null,
  giveBack: async () => undefined,
};

/** A vault with nothing in it. */
export const EMPTY_VAULT: Artifacts = {
  list: () => [],
  show: unscripted,
  diff: unscripted,
  history: () => [],
  review: unscripted,
  get: unscripted,
  export: async () => [],
};

const unknownMission = (): never => {
  throw new NanosError("mission.unknown", "There is no mission here.", "See `nanos mission list`.");
};

/** Nothing that carries missions. */
export const NO_ENGINES: Nanos["engines"] = {
  list: async () => ({ use: "local", restate: null, missions: [] }),
  use: async () => undefined,
  restate: async () => undefined,
  serve: async () => undefined,
  move: async () => undefined,
  work: async () => undefined,
};

/** A home without missions. */
export const NO_MISSIONS: Nanos["missions"] = {
  plans: async () => [],
  check: async () => unknownMission(),
  plan: async () => unknownMission(),
  begin: async () => unknownMission(),
  wish: async () => unknownMission(),
  handedIn: () => [],
  list: () => [],
  show: unknownMission,
  follow: unknownMission,
  approve: async () => unknownMission(),
  waive: async () => unknownMission(),
  run: async () => unknownMission(),
  rerun: async () => unknownMission(),
  cancel: async () => unknownMission(),
};

/** Nobody noted anything. */
export const NO_COGNITION: Cognition = {
  status: unscripted,
  list: () => [],
  show: unscripted,
  note: unscripted,
  cascade: unscripted,
  order: () => [],
  cause: unscripted,
  retell: unscripted,
  write: unscripted,
  forget: unscripted,
};

/** No schedules. */
export const NO_SCHEDULES: Schedules = {
  list: async () => [],
  preflight: unscripted,
  add: unscripted,
  rm: unscripted,
  refused: unscripted,
  begin: unscripted,
};

/** Nothing to switch. */
export const NO_TRAITS: Omit<Nanos["traits"], "list"> = {
  set: unscripted,
  numbers: unscripted,
  came: () => [],
};

/** A login whose person says yes at once. */
export const LOGGED_IN: Nanos["secrets"]["logIn"] = async (server, { open, scope = null }) => {
  open(`https://auth.example/${server}`);
  return { server, issuer: "https://auth.example", secrets: [`mcp.${server}.token`], scope };
};
