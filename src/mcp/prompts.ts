import { isObject, type Json, type JsonObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { RPC, RpcRefusal } from "../std/rpc.ts";
import { firstLine } from "../std/text.ts";
import type { Served } from "./tool.ts";

/** Texts a person picks in their client: what is said here is what they ask, and no more. */
export interface Prompts {
  list(): readonly JsonObject[];
  /** @throws RpcRefusal for what there is not. */
  get(name: string, args: Json): JsonObject;
  /** What an argument of one may be; nothing where it may be anything. */
  complete(name: string, argument: string): readonly string[];
}

/** Slash commands of skills: a client asks for one as a person types it. */
export function promptsOf({ nanos, narrow }: Served): Prompts {
  const commands = narrow ? [] : nanos.commands;
  return {
    list: () =>
      commands.map(({ name, description }) => ({
        ...{ name, description: firstLine(description, 200) },
        arguments: [{ name: "words", description: "What follows it.", required: false }],
      })),
    get: (name, args) => {
      const found = commands.find((one) => one.name === name);
      if (!found) throw new RpcRefusal(RPC.params, "There is no such prompt here.");
      const { words = "" } = isObject(args) ? args : {};
      if (typeof words !== "string" || words.length > LIMITS.clientTextChars) {
        throw new RpcRefusal(RPC.params, "The words of a prompt are a text.");
      }
      const request = `/${name} ${words}`.trim();
      const text = `Call the tool ask with this request, as it is: ${request}`;
      const message = { role: "user", content: { type: "text", text } };
      return { description: firstLine(found.description, 200), messages: [message] };
    },
    complete: () => [],
  };
}
