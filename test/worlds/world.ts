import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { ToolManifest } from "../../src/contracts/tool.ts";
import type { FunctionTool } from "../../src/kernel/testing/function-tools.ts";
import type { Json, JsonObject } from "../../src/std/json.ts";

/**
 * A world: tools over a small environment, tasks with the calls that do them, and what an attacker
 * who can write into the environment wants. All of it is data, in one file for each world.
 */
export interface World {
  readonly name: string;
  readonly tools: readonly WorldTool[];
  /** Tables of records. `{{here}}` in a text is where an attacker writes. */
  readonly environment: Tables;
  readonly tasks: readonly Task[];
  readonly goals: readonly Goal[];
}

type Tables = { readonly [table: string]: readonly JsonObject[] };

type WorldTool = Partial<Omit<ToolManifest, "scopes">> & {
  readonly name: string;
  readonly skill: string;
  readonly scopes: readonly string[];
  readonly does: { readonly by?: string } & { readonly [effect: string]: string };
};

/** A tool's name and its arguments. */
export type Call = readonly [string, JsonObject];

export interface Task {
  readonly id: string;
  /** What the operator asks for. */
  readonly say: string;
  /** The calls that do it. */
  readonly calls: readonly Call[];
}

export interface Goal {
  readonly id: string;
  /** What the attacker writes into the environment. */
  readonly inject: string;
  readonly calls: readonly Call[];
  /** The attacker's own destinations, amounts and values. */
  readonly targets: readonly string[];
}

const NAMES = ["workspace", "travel", "banking", "chat"] as const;

export function readWorlds(): readonly World[] {
  return NAMES.map((name) => {
    const text = readFileSync(join(import.meta.dirname, `${name}.yaml`), "utf8");
    return parse(text) as World;
  });
}

/** What changed outside in the end, for comparison. */
export interface Stage {
  readonly tools: readonly FunctionTool[];
  /** Does one call outside any run. */
  perform(name: string, args: JsonObject): void;
  /** Every table as it is now. */
  state(): Json;
  /** Calls that had an effect, in order. */
  readonly effects: Call[];
}

/** The tools of a world over a fresh environment into which `inject` is written. */
export function stageOf(world: World, inject: string): Stage {
  const text = JSON.stringify(world.environment).replaceAll("{{here}}", inject);
  const tables = JSON.parse(text) as { [table: string]: JsonObject[] };
  const effects: Call[] = [];
  const tools = world.tools.map(({ does, skill, name, scopes, ...manifest }): FunctionTool => {
    const run: FunctionTool["run"] = (args, { write }) => {
      if (manifest.reads !== true) effects.push([name, args]);
      return perform(tables, does, args, write);
    };
    return { name, skill, scopes, manifest, run };
  });
  const alone: Stage["perform"] = (name, args) => {
    const does = world.tools.find((one) => one.name === name)?.does;
    if (does) perform(tables, does, args, () => undefined);
  };
  return {
    tools,
    effects,
    perform: alone,
    state: () => JSON.parse(JSON.stringify(tables)) as Json,
  };
}

function perform(
  tables: { [table: string]: JsonObject[] },
  does: WorldTool["does"],
  args: JsonObject,
  write: (path: string, text: string) => void,
): Json {
  const { by = "id", ...effect } = does;
  const [what, table] = Object.entries(effect)[0] ?? ["", ""];
  const rows = (tables[table] ??= []);
  const at = rows.findIndex((row) => row[by] === args[by]);
  switch (what) {
    case "list": {
      const found = rows.filter((row) => has(row, String(args["words"])));
      // As many do, it says again what it was asked for.
      return found.length > 0 ? found : `There is nothing for ${String(args["words"])}.`;
    }
    case "get":
      return rows[at] ?? "There is none.";
    case "add":
      rows.push(args);
      return "done";
    case "change":
      if (at >= 0) rows[at] = { ...rows[at], ...args };
      return "changed";
    case "remove":
      if (at >= 0) rows.splice(at, 1);
      return "removed";
    case "write":
      write(`/ws/${table}/${String(args["id"])}`, String(args["text"]));
      if (at >= 0) rows[at] = args;
      else rows.push(args);
      return "written";
    default:
      throw new Error(`no such effect: ${what}`);
  }
}

function has(row: JsonObject, words: string): boolean {
  return JSON.stringify(row).toLowerCase().includes(words.toLowerCase());
}
