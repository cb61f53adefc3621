import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Memories, MemorySettings } from "../../contracts/memory.ts";
import type { Reason } from "../../contracts/reason.ts";
import type { ScriptInput } from "../../contracts/script.ts";
import { MEMORY_OFF } from "../../contracts/memory.ts";
import type { NanosError } from "../../std/error.ts";
import { memoryDesk } from "./desk.ts";
import { begin } from "../runner.ts";
import { type Lab, type LabSetup, ended, lab } from "../testing/lab.ts";
import type { FunctionTool } from "../testing/function-tools.ts";

export const ON: MemorySettings = { ...MEMORY_OFF, enabled: true, policy: "strict" };
export const VALUES = { GITHUB: "stored-value-7Hq2" };
export const FACT = "Dora drinks her tea without sugar.";
export const SAID = `Remember this: ${FACT}`;

/** A page somebody else wrote. */
export const page: FunctionTool = { name: "page", run: () => `Nice. ${FACT}` };
export const send: FunctionTool = {
  name: "send",
  scopes: ["net:*"],
  manifest: { args: { url: "destination" }, repeatable: true },
  run: () => "sent",
};

/** A lab with a folder for notes, gone when the test is. */
export function memoryLab(
  setup: LabSetup = {},
): Lab & Disposable & { dir: string; desk: Memories } {
  const dir = fs.mkdtempSync(join(tmpdir(), "nanos-memory-"));
  const made = lab({ memory: ON, memoryDir: dir, ...setup });
  const agents = new Map(made.facts.agents.map((agent) => [agent.manifest.name, agent]));
  const arrangement = { agents } as unknown as Parameters<typeof memoryDesk>[0]["arrangement"];
  const desk = memoryDesk({ world: made.world, arrangement, settings: ON });
  const done = (): void => fs.rmSync(dir, { recursive: true, force: true });
  return Object.assign(made, { dir, desk, [Symbol.dispose]: done });
}

/** The same home a moment later, set up otherwise. */
export function after(made: Lab & { dir: string }, setup: LabSetup): Lab {
  made.clock.advance(1_000);
  const { clock, journal } = made;
  return lab({ memory: ON, memoryDir: made.dir, ...setup }, { clock, journal });
}

export function files(dir: string): string[] {
  const all = fs.readdirSync(dir, { recursive: true, withFileTypes: true });
  return all
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(dir.length + 1));
}

/** The code something fails with. */
export function codeOf(what: Promise<unknown>): Promise<string> {
  return what.then(
    () => "none",
    (error: NanosError) => error.code,
  );
}

/** Why each memory write of a run was decided as it was, in order. */
export function reasons(made: Lab, run: string): Reason[] {
  const noted = new Set<string | null>();
  const found: Reason[] = [];
  for (const { event, body } of made.journal.chain(run)) {
    if (body?.kind === "action.proposed" && body.action.kind === "note") noted.add(event.step);
    if (body?.kind === "action.judged" && noted.has(event.step)) found.push(body.decision.reason);
  }
  return found;
}

export async function run(made: Lab, text: string): Promise<string> {
  const state = await ended(begin(made.world, { text }));
  return state.run;
}

export function remember(text: string, more: { shared?: boolean } = {}): ScriptTurn {
  return { calls: [{ name: "remember", args: { text, ...more } }] };
}
export const recall = (args: { words?: string; memory?: string } = {}): ScriptTurn => ({
  calls: [{ name: "recall", args }],
});
export type ScriptTurn = ScriptInput["turns"][number];
export const SAY: ScriptTurn = { say: "ok" };
export const look: ScriptTurn = { calls: [{ name: "page", args: {} }] };

/** What a recall told the model, or why it was refused. */
export function recalled(made: Lab, id: string): string[] {
  return [...made.journal.chain(id)].flatMap(({ event, body }) => {
    if (body?.kind !== "action.settled" || !isRecall(made, event.step)) return [];
    const { outcome } = body;
    return outcome.status === "done" ? JSON.stringify(outcome.output) : outcome.failure.code;
  });
}

export function isRecall(made: Lab, step: string | null): boolean {
  const run = String(step).split(".", 1)[0] ?? "";
  return [...made.journal.chain(run)].some(
    ({ event, body }) =>
      event.step === step && body?.kind === "action.proposed" && body.action.name === "recall",
  );
}

/** Another journal in the same place is what makes views read everything again. */
export function dropViews({ journal }: Lab): void {
  journal.view({ name: "memory", version: -1, tables: "", apply: () => undefined }, () => null);
}
