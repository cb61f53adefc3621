import { wordsIn } from "../../std/text.ts";

import { LIMITS } from "../../std/limits.ts";
import type { Message } from "../../contracts/message.ts";
import type { RunModel, ToolSpec } from "../../contracts/model.ts";
import { type Frame, draft } from "../frame.ts";

/**
 * A model that calls right among so many tools and no more is offered that many. Which ones follows
 * from the record alone: what its client brings, `find_tools`, what the conversation called or looked
 * for, then what has most in common with the request, and of the rest the first. The others are a
 * call of `find_tools` away, and no tool is out of reach: one that is called is called, offered or not.
 */

/** The name models call to find a tool they are not offered. */
export const FIND_TOOLS = "find_tools";

/** Finding tools as a tool. */
export const FINDER: ToolSpec = {
  name: FIND_TOOLS,
  description:
    "Find tools you are not shown, by words for what they should do or by a name. What is found is " +
    "offered to you from your next turn on.",
  input: {
    type: "object",
    properties: { words: { type: "string", description: "What the tool should do." } },
    required: ["words"],
    additionalProperties: false,
  },
};

/** What a model is offered of the tools; where that is another choice than before, the record says so. */
export async function offer(
  frame: Frame,
  tools: readonly ToolSpec[],
  model: RunModel,
): Promise<readonly ToolSpec[]> {
  if (model.tools === false) return NO_TOOLS;
  const specs = chosen(frame, tools, model.toolCount);
  const most = model.toolCount;
  if (specs === tools || most === undefined) return tools;
  const known = frame.offered.get(model.name);
  const names = specs.map(({ name }) => name);
  if (known && known.length === names.length && known.every(({ name }, i) => name === names[i])) {
    return known;
  }
  frame.offered.set(model.name, specs);
  const body = { kind: "tools.chosen", model: model.name, names, of: tools.length, most } as const;
  await frame.drive.append([draft(frame, null, "kernel", body)], "later");
  return specs;
}

const NO_TOOLS: readonly ToolSpec[] = [];

type Asked = Pick<Frame, "started" | "messages">;

/** So many of the tools, in the order of them all; themselves where they are no more. */
export function chosen(
  { started, messages }: Partial<Asked>,
  tools: readonly ToolSpec[],
  most: number | undefined,
): readonly ToolSpec[] {
  if (most === undefined || tools.length <= most) return tools;
  const brought = new Set(started?.wish?.tools?.map(({ name }) => name));
  const keep = new Set(tools.flatMap(({ name }) => (brought.has(name) ? [name] : [])));
  // A model that takes one tool is offered the likeliest; there is no room for finding another.
  const finds = most > 1 && !tools.some(({ name }) => name === FIND_TOOLS);
  const room = Math.max(0, most - (finds ? 1 : 0));
  const likely = [
    ...calledIn(messages ?? [], tools, foundAtOnce(most)),
    ...byWords(tools, started?.request ?? ""),
    ...tools.map(({ name }) => name),
  ];
  for (const name of likely) if (keep.size < room) keep.add(name);
  const kept = tools.filter(({ name }) => keep.has(name));
  return finds ? [...kept, FINDER] : kept;
}

/** Names of tools that were called in a conversation, or found, the newest first. */
function calledIn(
  messages: readonly Message[],
  tools: readonly ToolSpec[],
  most: number,
): readonly string[] {
  const known = new Set(tools.map(({ name }) => name));
  return messages.toReversed().flatMap(({ parts }) =>
    parts.toReversed().flatMap((part): readonly string[] => {
      if (part.type !== "call") return [];
      if (part.name !== FIND_TOOLS) return known.has(part.name) ? [part.name] : [];
      const words = wordsToFind(part.args);
      return words === null ? [] : byWords(tools, words).slice(0, most);
    }),
  );
}

/** How many tools one look for them brings: so many that two looks leave room for each other. */
export function foundAtOnce(most: number): number {
  return Math.max(1, Math.floor((most - 1) / 2));
}

/** What is looked for; null for arguments that name nothing. */
export function wordsToFind(args: unknown): string | null {
  const words = typeof args === "object" && args !== null && "words" in args ? args.words : null;
  return typeof words === "string" && words.trim() !== "" ? words : null;
}

/**
 * Names of the tools that have words in common with a text, those with most first. A word that few
 * tools have counts more, and a name that is said counts most.
 */
export function byWords(tools: readonly ToolSpec[], text: string): readonly string[] {
  const head = text.slice(0, LIMITS.foundChars);
  const wanted = wordsIn(head);
  const has = tools.map(({ name, description }) => new Set(wordsIn(`${name} ${description}`)));
  const shared = new Map(wanted.map((word) => [word, has.filter((one) => one.has(word)).length]));
  const named = new Set(head.match(/[\w.-]+/gu));
  const scored = tools.map(({ name }, i) => {
    const words = has[i] ?? new Set<string>();
    let score = named.has(name) ? NAMED : 0;
    for (const [word, tools] of shared) if (words.has(word)) score += Math.floor(RARE / tools);
    return { name, score };
  });
  return scored
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .map(({ name }) => name);
}

/** Worth of a word that one tool alone has, and of a name: more than any words. */
const RARE = 1_000;
const NAMED = 1_000_000_000;
