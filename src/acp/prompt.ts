import { isObject, type Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { RPC, RpcRefusal } from "../std/rpc.ts";

/**
 * What the operator typed in their editor. A file they point to is named in it and not taken into it:
 * the agent reads it itself, with its own reach, and what it says is the file's word.
 *
 * @throws RpcRefusal for anything else.
 */
export function textOfPrompt(prompt: Json | undefined): string {
  const blocks: readonly Json[] = Array.isArray(prompt) ? prompt : [];
  const text = blocks
    .map((block) => textOf(block))
    .join("")
    .trim();
  if (text === "") throw new RpcRefusal(RPC.params, "There is nothing to do: the prompt is empty.");
  if (text.length <= LIMITS.clientTextChars) return text;
  throw new RpcRefusal(RPC.params, "The prompt is too long: put long material in a file.");
}

function textOf(block: Json): string {
  const { type, text, uri } = isObject(block) ? block : {};
  if (type === "text" && typeof text === "string") return text;
  if (type === "resource_link" && typeof uri === "string") return pathOf(uri);
  throw new RpcRefusal(RPC.params, "A prompt is text and links to files here.");
}

function pathOf(uri: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  return url?.protocol === "file:" ? decodeURIComponent(url.pathname) : uri;
}
