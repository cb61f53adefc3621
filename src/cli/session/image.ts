import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { codeOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import { span } from "../render/line.ts";
import type { Session } from "./session.ts";
import type { Picture } from "./view.ts";

/** A line that is nothing but the path of an image, as a terminal pastes a file that is dropped on it. */
export function pastedImage(line: string): string | null {
  if (/^\/[\w:-]+\s/u.test(line)) return null;
  const bare = line.replace(/^(['"])(.*)\1$/u, "$2").replace(/\\(.)/gu, "$1");
  return /^(?:~|\.{1,2})?\/[^\n]*\.(?:png|jpe?g|gif|webp)$/iu.test(bare) ? bare : null;
}

/** Gives an image with the next message. */
export function attachImage(session: Session, file: string): void {
  const { cwd = ".", env = {} } = session.context.options;
  const path = file.startsWith("~/") ? join(env["HOME"] ?? "", file.slice(2)) : file;
  const whole = resolve(cwd, path);
  const count = session.conversation.attach(whole);
  session.picture?.(whole);
  const goes = count === 1 ? "goes" : `and ${count - 1} more go`;
  session.print(() => [
    [span(`${plainText(basename(file))} ${goes} with the next message`, "dim")],
  ]);
}

/**
 * A file's image for the screen; null for what is none, or is of a kind that is not taken. It is looked
 * at for the eye alone: what a model is sent is read past the gate when the message is.
 */
export function pictureOf(path: string, takes: (media: string) => boolean): Picture | null {
  const known = KINDS.find(([, media]) => takes(media));
  if (known === undefined) return null;
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > LIMITS.imageBytes) return null;
    const content = readFileSync(file);
    const head = content.toString("latin1", 0, 4);
    const [, media] = KINDS.find(([begin]) => head.startsWith(begin)) ?? [];
    if (media === undefined || !takes(media)) return null;
    return { media, data: content.toString("base64") };
  } catch (error) {
    // What is wrong with it is said when the message is sent.
    if (codeOf(error) === "") throw error;
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** The beginnings of files that terminals draw. */
const KINDS = [
  ["\x89PNG", "image/png"],
  ["\xff\xd8\xff", "image/jpeg"],
  ["GIF8", "image/gif"],
] as const;
