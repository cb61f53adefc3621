import { z } from "zod";
import { LIMITS } from "../../std/limits.ts";
import { begunRun, runResult, stopRun } from "../run-view.ts";
import { Mission, Missions, Stopped } from "../shapes.ts";
import { type McpTool, mcpTool, result, type Served, type ToolResult } from "../tool.ts";
import { Wait } from "./ask.ts";

const Id = z.string().max(LIMITS.rpcIdChars);

/** Missions by the plans of the arrangement; a client names one and brings none of its own. */
export async function missionTools(served: Served): Promise<readonly McpTool[]> {
  const { nanos, client, carried } = served;
  const plans = await nanos.missions.plans();
  const view = (mission: string): ToolResult => {
    const { text, ...rest } = nanos.missions.show(mission);
    return result({ ...rest, text });
  };
  const begin = mcpTool({
    name: "mission_new",
    description: "Begins a mission by a plan of the arrangement. mission_show says how it goes.",
    input: z.strictObject({
      plan: z.enum(plans),
      inputs: z.record(z.string().max(200), z.string().max(LIMITS.clientTextChars)).default({}),
      wait: Wait,
    }),
    output: Mission,
    run: async ({ plan, inputs, wait }, { signal }) => {
      const start = (hooks: object) => nanos.missions.begin({ plan, inputs, client }, hooks);
      const mission = await carried.carry({ stays: true, start });
      await carried.wait(mission, { ms: wait * 1_000, signal });
      const { state } = begunRun(nanos, carried, client, mission);
      return state === "running" ? runResult(nanos, { run: mission, state }) : view(mission);
    },
  });
  return [
    ...(plans.length > 0 ? [begin] : []),
    mcpTool({
      name: "mission_list",
      description: "Missions, newest first.",
      reads: true,
      input: z.strictObject({}),
      output: Missions,
      run: () => result({ missions: nanos.missions.list(LIMITS.clientListed) }),
    }),
    mcpTool({
      name: "mission_show",
      description: "One mission: its tasks, what it waits for, what it came to.",
      reads: true,
      input: z.strictObject({ mission: Id }),
      output: Mission,
      run: ({ mission }) => view(mission),
    }),
    cancelTool(served),
  ];
}

function cancelTool(served: Served): McpTool {
  return mcpTool({
    name: "mission_cancel",
    description: "Stops a mission this client began.",
    input: z.strictObject({ mission: Id }),
    output: z.looseObject({ mission: z.string(), ...Stopped }),
    run: async ({ mission }) => {
      await stopRun(served, mission, served.nanos.missions.cancel);
      return result({ mission, cancelled: true }, `Mission ${mission} is being stopped.`);
    },
  });
}
