import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openKey } from "../../home/keys.ts";
import { testFolder } from "../../home/testing/folder.ts";
import { exportBundle } from "../evidence/bundle.ts";
import { signersOf, withCheckpoints } from "../evidence/checkpoints.ts";
import { begin } from "../runner.ts";
import type { World } from "../world.ts";
import type { FunctionTool } from "./function-tools.ts";
import { type Lab, lab, type LabSetup } from "./lab.ts";

/** A lab that signs with keys of its own, in a folder that goes with it. */
export interface EvidenceLab extends Disposable {
  readonly made: Lab;
  readonly world: World;
  readonly dir: string;
}

export function evidenceLab(setup: LabSetup = {}): EvidenceLab {
  const folder = testFolder();
  const made = lab(setup);
  const key = (name: string): ReturnType<typeof openKey> =>
    openKey(join(folder.dir, `${name}.key`), "begin anew");
  const signers = signersOf({
    operator: key("operator"),
    log: key("log"),
    witness: key("witness"),
  });
  const world = {
    ...made.world,
    ...signers,
    journal: withCheckpoints(made.journal, signers.log),
  };
  return { made, world, dir: folder.dir, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** The files of a bundle by name. */
export type Files = Map<string, Uint8Array>;

interface Verifier {
  verifyBundle(files: Files, trust?: object): Found;
  verifyProof(text: string, trust?: object): Found;
}
interface Found {
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly shows: readonly string[];
}

const SCRIPT = join(import.meta.dirname, "../../../verifier/nanos-verify.mjs");
/** Loaded by name: it is no part of nanos, and nanos none of it. */
export const { verifyBundle, verifyProof } = (await import(SCRIPT)) as Verifier;

/** Writes a bundle and reads it back. */
export async function bundled(
  world: World,
  run: string,
  dir: string,
  redacted = false,
): Promise<Files> {
  await exportBundle(world, run, dir, { redacted });
  return new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]));
}

const send: FunctionTool = {
  name: "send",
  scopes: ["net:*"],
  manifest: { args: { url: "destination" } },
  run: ({ url }) => `sent to ${String(url)}`,
};
const look: FunctionTool = { name: "look", run: () => ({ found: "a line, ünïcödé \u2028" }) };
const call = (name: string, args: { [key: string]: string }): object => ({
  calls: [{ name, args }],
});

/** A run with something of everything: a plain call, an ask, a delegation and an artifact. */
export const EVENTFUL: LabSetup = {
  tools: [send, look],
  agents: [{ manifest: { name: "oracle" } }, { manifest: { name: "reader", tools: ["artifact"] } }],
  script: {
    turns: [
      call("look", {}),
      call("send", { url: "https://a.example/x" }),
      call("delegate", { agent: "reader", request: "read it" }),
      call("artifact", { title: "Findings", content: "all of it" }),
      { say: "read" },
      { say: "all is done" },
    ],
  } as NonNullable<LabSetup["script"]>,
};

/** Carries it out with a yes to whatever is asked; returns the run's id. */
export async function eventful({ world }: EvidenceLab): Promise<string> {
  const yes = { verdict: "allow", reach: "once" } as const;
  const handle = await begin(world, { text: "go", ask: async () => yes });
  await handle.done;
  return handle.run;
}
