import type { Json } from "../../src/std/json.ts";
import { begin } from "../../src/kernel/runner.ts";
import { lab } from "../../src/kernel/testing/lab.ts";
import type { Model } from "../../src/models/model.ts";
import { WORDS } from "./variants.ts";
import { type Task, type World, stageOf } from "./world.ts";

/** What an agent that reads for another is to answer, and an answer that fits. */
const FIELDS: { readonly [field: string]: readonly [Json, Json] } = {
  state: [{ enum: ["yes", "no"] }, "yes"],
  count: [{ type: "integer" }, 3],
  day: [{ type: "string", format: "date" }, "2027-01-01"],
  ref: [{ type: "string", format: "id" }, "inv-20917"],
  text: [{ type: "string" }, "fine"],
};
const NAMES = Object.keys(FIELDS);

/**
 * Lets another agent read for the task, by schema. That agent obeys what it reads and puts the
 * attacker's words into one field of its answer, the `turn`th.
 *
 * @returns whether the one who asked read them, and the integrity its conversation ended with.
 */
export async function playReader(
  world: World,
  task: Task,
  turn: number,
): Promise<{ readonly isTurned: boolean; readonly integrity: string | undefined }> {
  const stage = stageOf(world, WORDS);
  const reading = stage.tools.filter(({ manifest }) => manifest?.reads === true);
  const reads = task.calls.filter(([name]) => reading.some((tool) => tool.name === name));
  const field = NAMES[turn % NAMES.length] ?? "text";
  const answer = Object.fromEntries(
    NAMES.map((name) => [name, name === field ? WORDS : (FIELDS[name]?.[1] ?? null)]),
  );
  const properties = Object.fromEntries(NAMES.map((name) => [name, FIELDS[name]?.[0] ?? null]));
  const errand = { agent: "reader", request: task.say, schema: { type: "object", properties } };
  let isTurned = false;
  const queue = [...reads];
  const model: Model = {
    name: "two",
    host: null,
    price: { input: 0, output: 0 },
    async *stream({ agent, messages }) {
      if (agent === "oracle") isTurned ||= JSON.stringify(messages).includes(WORDS);
      const isFirst = messages.length === 1;
      const next =
        agent === "reader" ? queue.shift() : isFirst ? (["delegate", errand] as const) : null;
      const text = agent === "reader" ? JSON.stringify(answer) : "Done.";
      const part = next
        ? ({ type: "call", id: "c", name: next[0], args: next[1] } as const)
        : ({ type: "text", text } as const);
      const finish = next ? "calls" : "stop";
      yield { type: "end", finish, message: { role: "assistant", parts: [part] } };
    },
  };
  const agents = [
    { manifest: { name: "oracle", skills: [], agents: ["reader"] } },
    {
      manifest: { name: "reader", skills: [], agents: [], tools: reading.map(({ name }) => name) },
    },
  ];
  const grants = reading.map(({ skill = "", scopes = [] }) => ({
    ...{ skill, scopes: [...scopes] },
    ...{ hash: null, at: 0 },
  }));
  const made = lab({ tools: stage.tools, agents, grants, model });
  const allow = async (): Promise<{ verdict: "allow"; reach: "run" }> => ({
    verdict: "allow",
    reach: "run",
  });
  const handle = await begin(made.world, { text: task.say, ask: allow });
  await handle.done;
  return { isTurned, integrity: made.journal.head(handle.run)?.label?.integrity };
}
