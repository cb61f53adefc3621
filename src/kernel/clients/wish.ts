import { NanosError, messageOf } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { plainText } from "../../std/text.ts";
import type { RunStarted } from "../../contracts/event.ts";
import { NO_SETTING, type Wish } from "../../contracts/http/wish.ts";
import type { Message } from "../../contracts/message.ts";
import type { RunModel, Setting } from "../../contracts/model.ts";
import { misfits } from "../../tools/schema.ts";
import type { Frame } from "../frame.ts";
import { withKept } from "../images/image.ts";
import type { Begun } from "../start.ts";
import { DELEGATE } from "../wants/delegate.ts";
import { isOwn } from "../wants/own.ts";
import type { Facts, World } from "../world.ts";

interface Answerer {
  readonly facts: Facts;
  readonly agent: Frame["agent"] | null;
  readonly model: RunModel;
  /** False where no model answers. */
  readonly thinks: boolean;
}

/**
 * What a client brings to its run: the conversation as it holds it, and its wishes, checked against
 * the agent that is to answer.
 *
 * @throws NanosError `client.tool_taken`, `client.bad_tool`, `client.bad_form`, `client.no_model`,
 *   those of NO_SETTING, `client.no_tools`, `image.*`: it cannot be had, and nothing is begun.
 */
export async function broughtIn(
  world: World,
  { earlier, since, wish }: Begun,
  answerer: Answerer,
): Promise<Pick<RunStarted, "earlier" | "since" | "wish">> {
  if (wish !== undefined) {
    await checkTools(wish, answerer);
    await checkModel(world, wish, answerer);
  }
  const { agent, model } = answerer;
  const kept = (messages: readonly Message[]): Message[] => [
    ...world.guard.clean(withKept(world, messages, { agent: agent?.manifest, model })).value,
  ];
  return {
    ...(earlier === undefined ? {} : { earlier: kept(earlier) }),
    ...(since?.length ? { since: kept(since) } : {}),
    ...(wish === undefined ? {} : { wish: world.guard.clean(wish).value }),
  };
}

async function checkTools({ tools = [], form }: Wish, { facts, agent }: Answerer): Promise<void> {
  for (const { name, input } of tools) {
    const isTaken =
      name === DELEGATE ||
      facts.tools.some(({ manifest }) => manifest.name === name) ||
      (agent !== null && isOwn({ facts, agent, reader: false, plans: {} }, name));
    if (isTaken) {
      const message = `There is a tool ${plainText(name)} here already.`;
      throw new NanosError("client.tool_taken", message, "Give yours another name.");
    }
    const wrong = await unreadable(input);
    if (wrong === null) continue;
    const message = `What ${plainText(name)} takes is no JSON Schema: ${wrong}.`;
    throw new NanosError("client.bad_tool", message, "Give its parameters as a JSON Schema.");
  }
  const wrong = form ? await unreadable(form.schema ?? {}) : null;
  if (wrong === null) return;
  const message = `The form of the answer is no JSON Schema: ${wrong}.`;
  throw new NanosError("client.bad_form", message, "Give a JSON Schema.");
}

async function unreadable(schema: Json): Promise<string | null> {
  try {
    await misfits(schema, null);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

async function checkModel(world: World, wish: Wish, { model, thinks }: Answerer): Promise<void> {
  const { sampling = {}, tools = [] } = wish;
  const settings = Object.keys(sampling) as Setting[];
  if (!thinks) {
    const [first] = [...(tools.length > 0 ? ["tools"] : []), ...settings];
    if (first === undefined) return;
    const message = `The agent is a program, which takes no ${first}.`;
    throw new NanosError("client.no_model", message, "Leave it out, or ask another agent.");
  }
  if (tools.length > 0 && model.tools === false) {
    const message = `${plainText(model.name)} was measured not to call tools.`;
    throw new NanosError("client.no_tools", message, "Leave them out, or use another model.");
  }
  for (const name of [model.name, ...world.modelSettings(model.name).fallback]) {
    const { takes = [] } = await world.model(name);
    const not = settings.find((setting) => !takes.includes(setting));
    if (not === undefined) continue;
    const message = `The agent's model ${plainText(name)} takes no ${not}.`;
    throw new NanosError(NO_SETTING[not], message, "Leave it out, or use another model.");
  }
}
