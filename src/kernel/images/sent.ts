import { Buffer } from "node:buffer";
import type { ImagePart, Message } from "../../contracts/message.ts";
import type { World } from "../world.ts";

/** A message as a model is sent it: an image it takes with its bytes, any other by its name. */
export function withImages(vault: World["vault"], takes: boolean): (message: Message) => Message {
  return (message) => {
    if (message.role !== "user" || !message.parts.some(isKept)) return message;
    const known = takes ? shown : named;
    const made = known.get(message) ?? {
      ...message,
      parts: message.parts.map((part) => (isKept(part) ? sentAs(vault, takes, part) : part)),
    };
    known.set(message, made);
    return made;
  };
}

/** One and the same while the message is: adapters keep what they encoded by it. */
const shown = new WeakMap<Message, Message>();
const named = new WeakMap<Message, Message>();

type Kept = ImagePart & { readonly hash: string };
type UserPart = Extract<Message, { role: "user" }>["parts"][number];

function isKept(part: UserPart): part is Kept {
  return part.type === "image" && part.hash !== undefined;
}

function sentAs(vault: World["vault"], takes: boolean, part: Kept): UserPart {
  const content = takes ? vault.get(part.hash) : null;
  if (content !== null) {
    return { type: "image", media: part.media, data: Buffer.from(content).toString("base64") };
  }
  const why = takes ? "it is no longer kept" : "this model is given none";
  return { type: "text", text: `[The image ${part.name ?? ""} is left out: ${why}.]` };
}
