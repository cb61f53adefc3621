import { realpathSync } from "node:fs";
import { basename, resolve } from "node:path";
import { parseAddress } from "../../std/address.ts";
import { NanosError, codeOf } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { Action } from "../../contracts/action.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { Draft, RunStarted } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { GivenImage, ImagePart, Message } from "../../contracts/message.ts";
import type { RunModel } from "../../contracts/model.ts";
import type { RunRequest } from "../../contracts/nanos.ts";
import type { Failure, Outcome } from "../../contracts/outcome.ts";
import { OPERATOR_LABEL, UNKNOWN_LABEL } from "../../gate/labels.ts";
import { narrow } from "../../gate/scopes.ts";
import { readPlain } from "../../home/files.ts";
import { act } from "../act.ts";
import { type Waits, type Worked, stopped } from "../ending.ts";
import { tell } from "../flow/flow.ts";
import { type Frame, draft } from "../frame.ts";
import { IMAGE } from "./name.ts";
import type { Want } from "../proposal.ts";
import type { World } from "../world.ts";

/**
 * An image the operator gives with a request: a file that is looked at when the request is made, and
 * read as an action of its own, past the gate like any read. What was read lies in the vault; the
 * record and the conversation hold its hash, and its bytes are put in where a model is sent them.
 */

/** The beginnings by which the kinds are known that models take; what a file is called says nothing. */
const KINDS: readonly { readonly media: string; readonly is: (head: Buffer) => boolean }[] = [
  { media: "image/png", is: (head) => begins(head, "89504e470d0a1a0a") },
  { media: "image/jpeg", is: (head) => begins(head, "ffd8ff") },
  { media: "image/gif", is: (head) => /^GIF8[79]a/u.test(head.toString("latin1")) },
  { media: "image/webp", is: (head) => /^RIFF.{4}WEBP/su.test(head.toString("latin1")) },
];

function begins(head: Buffer, hex: string): boolean {
  return head.toString("hex").startsWith(hex);
}

/**
 * The images of a request, each by its absolute path, as they are now.
 *
 * @throws NanosError `image.*` with what is wrong with one, or with its model.
 */
export function imagesIn(
  { scrubs }: Pick<World, "scrubs">,
  { images: paths = [], client }: Pick<RunRequest, "images" | "client">,
  { agent, model }: { readonly agent: AgentManifest | undefined; readonly model: RunModel },
): Pick<RunStarted, "images"> {
  if (paths.length === 0) return {};
  const isScrubbed = agent?.scrub === "on" || (model.images === true && scrubs(model.name));
  const no = refusal(paths.length, { model, scrubs: isScrubbed, client });
  if (no !== null) throw no;
  return { images: paths.map(looked) };
}

interface To {
  readonly model: RunModel;
  readonly scrubs: boolean;
  readonly client: string | undefined;
}

/**
 * Messages of a client with what images they hold kept by their hash, where its agent's model takes
 * images. Nothing is read: they came with the request.
 *
 * @throws NanosError `image.*`.
 */
export function withKept(
  { vault, scrubs }: Pick<World, "vault" | "scrubs">,
  messages: readonly Message[],
  { agent, model }: { readonly agent: AgentManifest | undefined; readonly model: RunModel },
): readonly Message[] {
  const parts = messages.flatMap((message) => (message.role === "user" ? message.parts : []));
  const count = parts.filter(({ type }) => type === "image").length;
  if (count === 0) return messages;
  const isScrubbed = agent?.scrub === "on" || (model.images === true && scrubs(model.name));
  const no = refusal(count, { model, scrubs: isScrubbed, client: undefined });
  if (no !== null) throw no;
  return messages.map((message) => {
    if (message.role !== "user") return message;
    return { ...message, parts: message.parts.map((part) => keptPart(vault, part)) };
  });
}

type Given = Extract<Message, { role: "user" }>["parts"][number];

function keptPart(vault: World["vault"], part: Given): Given {
  // One of a turn on record is kept already.
  if (part.type === "text" || part.hash !== undefined) return part;
  const content = Buffer.from(part.data, "base64");
  const media = KINDS.find(({ is }) => is(content.subarray(0, 16)))?.media;
  const isTooLarge = content.length > LIMITS.imageBytes;
  if (media === undefined || isTooLarge) {
    const code = isTooLarge ? "image.too_large" : "image.no_image";
    const message = isTooLarge ? "An image is too large." : "An image is none.";
    const most = LIMITS.imageBytes / 1024 / 1024;
    throw new NanosError(code, message, `Send a PNG, JPEG, GIF or WebP of at most ${most} MB.`);
  }
  vault.put(content);
  return { type: "image", media, data: "", hash: sha256(content), name: "of the client" };
}

function refusal(count: number, { model, scrubs, client }: To): NanosError | null {
  const say = (code: string, message: string, next: string): NanosError =>
    new NanosError(`image.${code}`, message, next);
  if (client !== undefined) {
    const message = "A client names no files of this machine.";
    return say("client", message, "Leave the images away; the operator can give them.");
  }
  if (count > LIMITS.images) {
    const message = `A request takes ${LIMITS.images} images, not ${count}.`;
    return say("too_many", message, "Give fewer at once.");
  }
  if (model.images !== true) {
    const message = `${plainText(model.name)} is not known to take images.`;
    const next = `Find out: nanos model probe ${plainText(model.name)}; or say so when it is added: --images.`;
    return say("not_taken", message, next);
  }
  if (scrubs && !isHere(model)) {
    const message = `${plainText(model.name)} gets placeholders for what is sensitive, and an image has no place for one.`;
    return say("scrubbed", message, "Ask a model on this machine: --model NAME.");
  }
  return null;
}

/** True for a model whose requests stay on this machine. */
export function isHere({ host }: Pick<RunModel, "host">): boolean {
  return host === null || parseAddress(host)?.kind === "loopback";
}

function looked(given: string): GivenImage {
  const path = realOf(given);
  const found = contentOf(path);
  if ("code" in found) throw new NanosError(found.code, found.message, found.next ?? "");
  return path === resolve(given) ? found.image : { ...found.image, linked: true };
}

/** Links are followed here, so that what is judged is the file itself. */
function realOf(given: string): string {
  try {
    return realpathSync(given);
  } catch (error) {
    if (codeOf(error) === "") throw error;
    const message = `There is no file ${plainText(given)}.`;
    throw new NanosError("image.missing", message, "Name a PNG, JPEG, GIF or WebP file.");
  }
}

type Content = { readonly image: Omit<GivenImage, "linked">; readonly content: Buffer };

function contentOf(path: string): Content | Failure {
  const name = plainText(path);
  try {
    const content = readPlain(path, LIMITS.imageBytes);
    const media = content && KINDS.find(({ is }) => is(content.subarray(0, 16)))?.media;
    if (content === null || media === undefined || media === null) {
      const message = `${name} is no image.`;
      return { code: "image.no_image", message, next: "Name a PNG, JPEG, GIF or WebP file." };
    }
    return { content, image: { path, media, hash: sha256(content), bytes: content.length } };
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const isLarge = error.code === "home.too_large";
    const message = isLarge
      ? `${name} is larger than ${LIMITS.imageBytes / 1024 / 1024} MB.`
      : error.message;
    const next = isLarge ? "Make it smaller: models see no more by more bytes." : error.next;
    // image.unreadable: The image cannot be read. -> Name a file you may read: ls -l FILE.
    return { code: isLarge ? "image.too_large" : "image.unreadable", message, next };
  }
}

/** How images stand in a conversation: by their hash. */
export function imageParts({ images = [] }: Pick<RunStarted, "images">): readonly ImagePart[] {
  return images.map(({ path, media, hash }) => ({
    ...{ type: "image", media, data: "", hash, name: basename(path) },
  }));
}

/** Reads what the request came with, one action each; null once all of it is there. */
export async function readImages(
  frame: Frame,
  { images = [] }: Pick<RunStarted, "images">,
): Promise<Worked | Waits | null> {
  for (const image of images) {
    const acted = await act(frame, imageWant(frame, image));
    if (acted.status === "waiting") return { state: "waiting", asks: acted.asks };
    if (acted.status !== "settled") throw new Error("bug: a read was not settled");
    if (acted.outcome.status !== "done") return stopped(frame, acted.outcome);
    const label = acted.label ?? UNKNOWN_LABEL;
    tell(frame, "", { label, from: image.path, skill: null, step: acted.step }, label);
  }
  return null;
}

function imageWant(frame: Frame, { linked, ...image }: GivenImage): Want {
  const read = `read:${image.path}`;
  const action: Action = {
    gate: "call",
    kind: "tool",
    name: IMAGE,
    agent: frame.agent.manifest.name,
    args: { ...image },
    scopes: [read],
    destinations: [],
    label: OPERATOR_LABEL,
  };
  return {
    action,
    declared: frame.within === null ? [read] : narrow(frame.within, [read]),
    attached: true,
    ...(linked ? {} : { named: image.path }),
    repeatable: true,
    inert: true,
    perform: async ({ step }) => readOne(frame, image, step),
  };
}

/** What is in it is whoever's made it: nobody can tell what its pixels say. */
function labelOf({ path }: GivenImage): Label {
  return { ...UNKNOWN_LABEL, sources: [`file:${basename(path)}`] };
}

async function readOne(frame: Frame, image: GivenImage, step: string): Promise<Draft> {
  const { world } = frame;
  if (!world) throw new Error("bug: a replay read an image");
  const outcome = keep(world.vault, image);
  return {
    ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms: 0 }),
    isolation: "host",
    label: labelOf(image),
  };
}

function keep(vault: NonNullable<Frame["world"]>["vault"], image: GivenImage): Outcome {
  const found = contentOf(image.path);
  if ("code" in found) return { status: "failed", failure: found };
  if (found.image.hash !== image.hash || !isReal(image.path)) {
    const message = `${plainText(image.path)} is another file than when it was asked about.`;
    const failure = { code: "image.changed", message, next: "Ask again." };
    return { status: "failed", failure };
  }
  vault.put(found.content);
  return { status: "done", output: { ...found.image } };
}

function isReal(path: string): boolean {
  try {
    return realpathSync(path) === path;
  } catch {
    return false;
  }
}
