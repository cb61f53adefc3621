import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../std/clock.ts";
import { Plan } from "../../../contracts/plan.ts";
import type { Journal } from "../../../journal/journal.ts";
import type { FunctionTool } from "../../../kernel/testing/function-tools.ts";
import { type Lab, lab } from "../../../kernel/testing/lab.ts";
import { decideBy } from "../../follow.ts";
import { followed } from "../../plan/begin.ts";
import type { MissionInput } from "../carry.ts";

/**
 * The mission of the drill: twenty tasks that read, send, ask an agent, fail and try again, leave
 * something out and are passed over, behind one approval and with another in the middle. What is
 * done to the outside is lines of files, which every process shares.
 */
const WIDE = [1, 2, 3, 4, 5, 6] as const;

const TASKS = [
  ...WIDE.map((n) => ({ id: `look${n}`, tool: "look", args: { n } })),
  ...WIDE.map((n) => ({ id: `send${n}`, tool: "send", args: { n }, needs: [`look${n}`] })),
  { id: "ask", agent: "writer", prompt: "{{ tasks.look1.output }}", needs: ["look1"] },
  { id: "again", tool: "flaky", args: {}, needs: ["look2"], recover: [{ retry: { wait: 20 } }] },
  { id: "less", tool: "fail", args: {}, recover: [{ degrade: { says: "nothing" } }] },
  { id: "never", tool: "look", args: { n: 0 }, when: "inputs.what == 'no'" },
  { id: "gate", tool: "send", args: { n: 7 }, needs: ["ask", "again", "less"], rank: "A" },
  { id: "after", tool: "look", args: { n: 8 }, needs: ["gate"] },
  { id: "join", tool: "send", args: { n: 9 }, needs: ["after", "send1", "send2"] },
  { id: "last", tool: "send", args: { n: 10 }, needs: ["join", "send3", "send4", "send5"] },
];

/** Tasks it has, and lines it sends. */
export const DRILL = { tasks: TASKS.length, sends: 9, outcome: "degraded" } as const;

/** The home of the drill in one more process: over the journal it shares with the others. */
export async function drillLab(journal: Journal, folder: string): Promise<Lab> {
  const made = lab(
    {
      decide: decideBy,
      tools: toolsIn(folder),
      agents: [{ manifest: { name: "oracle" } }, { manifest: { name: "writer" } }],
      script: { turns: [{ agent: "writer", say: "It is fine.", once: false }] },
    },
    { journal, clock: { ...systemClock, advance: () => undefined } },
  );
  // Every process of a home has its vault.
  await made.world.keep(made.facts);
  return made;
}

export function drillInput({ facts }: Lab): MissionInput {
  const plan = Plan.parse({
    ...{ name: "drill", description: "Twenty tasks.", rank: "A", inputs: { what: {} } },
    tasks: TASKS,
  });
  const mission = followed(facts, plan, { inputs: { what: "yes" }, by: "operator" });
  return { text: "drill: Twenty tasks.", mission };
}

/** What was sent, and every call of a tool, each with its step, in order. */
export function outside(folder: string): {
  readonly sent: readonly string[];
  readonly calls: readonly string[];
} {
  return { sent: linesOf(join(folder, "sent")), calls: linesOf(join(folder, "calls")) };
}

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
}

function toolsIn(folder: string): FunctionTool[] {
  const called = (step: string): void => appendFileSync(join(folder, "calls"), `${step}\n`);
  const moment = (): Promise<void> => systemClock.sleep(4);
  return [
    {
      ...{ name: "look", scopes: ["read:./notes"] },
      run: async ({ n }, { step }) => {
        called(step);
        await moment();
        return `saw ${String(n)}`;
      },
    },
    {
      ...{ name: "send", kind: "mcp", scopes: ["memory:outbox"] },
      run: async (_, { step }) => {
        called(step);
        await moment();
        appendFileSync(join(folder, "sent"), `${step}\n`);
        await moment();
        return "sent";
      },
      probe: (_, { step }) => outside(folder).sent.includes(step),
    },
    {
      name: "flaky",
      run: (_, { step }) => {
        called(step);
        // Which attempt it is shows in the step alone, whatever process it is in.
        if (step.endsWith("002")) throw new Error("not yet");
        return "there";
      },
    },
    { name: "fail", run: () => Promise.reject(new Error("as it was told")) },
  ];
}
