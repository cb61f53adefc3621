import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { createConnection } from "node:net";
import { codeOf } from "../../std/error.ts";

/** Whether this process, which was given nothing, is refused what a box must refuse. */
export async function wallsStand(): Promise<boolean> {
  const refused = [
    throws(() => readFileSync("/etc/hosts")),
    throws(() => rmdirSync(mkdtempSync("/tmp/nanos-walls-"))),
    throws(() => Bun.spawnSync(["/bin/echo"])),
    await isCut(),
  ];
  return refused.every(Boolean);
}

function throws(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}

/** Whether it gets no socket. That nobody listens there is an answer, and so it was let through. */
function isCut(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port: 9 });
    const end = (cut: boolean): void => {
      socket.destroy();
      resolve(cut);
    };
    socket.once("connect", () => end(false));
    socket.once("error", (error) => end(codeOf(error) !== "ECONNREFUSED"));
  });
}
