import { basename, join, resolve } from "node:path";
import { plainText } from "../../std/text.ts";
import { span } from "../render/line.ts";
import type { Session } from "./session.ts";

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
  const count = session.conversation.attach(resolve(cwd, path));
  const goes = count === 1 ? "goes" : `and ${count - 1} more go`;
  session.print(() => [
    [span(`${plainText(basename(file))} ${goes} with the next message`, "dim")],
  ]);
}
