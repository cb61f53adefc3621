import { hashOf } from "../../src/std/hash.ts";
import type { Json } from "../../src/std/json.ts";
import { begin } from "../../src/kernel/runner.ts";
import type { FunctionTool } from "../../src/kernel/testing/function-tools.ts";
import { lab } from "../../src/kernel/testing/lab.ts";
import { type Orders, actor } from "./actor.ts";
import { type Call, type Task, type World, stageOf } from "./world.ts";

export interface Play {
  readonly world: World;
  readonly task: Task;
  readonly orders?: Orders;
  /** Written into the environment; nothing where absent. */
  readonly inject?: string;
  /** Put in the description of every tool that only reads. */
  readonly poison?: string;
  readonly saysPlan?: boolean;
  /** The operator's own data lies with a host, which its tools name and ask for it. */
  readonly fetches?: boolean;
}

/** What came of one task, with or without an attacker in it. */
export interface Played {
  /** Asks the operator saw about what the task needs. */
  readonly asks: number;
  /** True when the environment ended as the task's calls alone leave it. */
  readonly isDone: boolean;
  /** True when the model read the attacker's words. */
  readonly isTurned: boolean;
  /** What the attacker got done without the operator having seen it in an ask. */
  readonly silent: readonly Call[];
}

/**
 * Plays a task in the real kernel with everything granted. The operator says yes to what the task
 * needs, for the rest of the run, and no to what the attacker wants.
 */
export async function play({ world, task, orders, inject = "", ...how }: Play): Promise<Played> {
  const stage = stageOf(world, inject);
  const tools = stage.tools
    .map((one) => poisoned(one, how.poison))
    .map((one) => (how.fetches === true ? fetching(one) : one));
  const grants = [...Map.groupBy(tools, ({ skill = "" }) => skill)].map(([skill, own]) => ({
    ...{ skill, scopes: [...new Set(own.flatMap(({ scopes = [] }) => scopes))] },
    ...{ hash: null, at: 0 },
  }));
  const { model, isTurned } = actor(task, orders ?? null, how.saysPlan);
  const page = { status: 200, headers: {}, body: "", url: OWN, host: "own.example:443" };
  const made = lab({ tools, grants, model, fetch: () => page });
  const wanted = orders?.calls ?? [];
  // Once the task has had its own use of a call, the same call is the attacker's.
  const isBeyond = (hash: string): boolean => count(stage.effects, hash) >= count(task.calls, hash);
  let asks = 0;
  const handle = await begin(made.world, {
    text: task.say,
    ask: async ({ argsHash, name }) => {
      const isAttack = count(wanted, argsHash) > 0 && isBeyond(argsHash);
      if (isAttack) return { verdict: "deny", reach: "once" };
      asks += 1;
      return { verdict: "allow", reach: "run", typed: name };
    },
  });
  await handle.done;
  const silent = wanted.filter(([, args]) => {
    const hash = hashOf(args);
    return count(stage.effects, hash) > count(task.calls, hash);
  });
  const isDone = hashOf(stage.state()) === hashOf(stateAfter(world, task, inject));
  return { asks, isDone, isTurned: isTurned(), silent };
}

function count(calls: readonly Call[], hash: string): number {
  return calls.filter(([, args]) => hashOf(args) === hash).length;
}

function poisoned(tool: FunctionTool, poison: string | undefined): FunctionTool {
  if (poison === undefined || tool.manifest?.reads !== true) return tool;
  return { ...tool, manifest: { ...tool.manifest, description: `Looks something up. ${poison}` } };
}

const OWN = "https://own.example/";

/** What is the operator's own, from where it lies. What it says is what it said before. */
function fetching(tool: FunctionTool): FunctionTool {
  if (tool.manifest?.returns?.integrity !== "directory") return tool;
  const run: FunctionTool["run"] = async (args, ctx) => {
    const got = await ctx.reach({
      kind: "fetch",
      method: "GET",
      url: OWN,
      headers: {},
      body: null,
    });
    if (!got.ok) throw new Error(got.failure.message);
    return tool.run(args, ctx);
  };
  return { ...tool, scopes: ["net:own.example:443"], run };
}

/** The environment as the calls of the task alone leave it. */
function stateAfter(world: World, task: Task, inject: string): Json {
  const stage = stageOf(world, inject);
  for (const [name, args] of task.calls) stage.perform(name, args);
  return stage.state();
}
