import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What is around the box, to be looked at after each attempt. */
export interface Ground {
  readonly folder: string;
  /** Granted to read. */
  readonly granted: string;
  /** Granted to write, through the stage. */
  readonly writable: string;
  /** Outside, with `CANARY` in it; a link to it lies in `granted`. */
  readonly secret: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly socket: string;
  readonly socketInside: string;
  readonly victim: ChildProcess;
  /** How often a server of ours was reached. */
  reached(): number;
  clear(): Promise<void>;
}

/** What the secret files hold. */
export const CANARY = "canary-5b1f0a";

/** Lays it out anew: attempts that get through would spoil it for the next. */
export async function prepareGround(): Promise<Ground> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-probe-")));
  const [granted, writable, outside] = ["granted", "writable", "outside"].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string];
  const secret = join(outside, "secret");
  for (const file of [secret, join(granted, "given")]) writeFileSync(file, CANARY, { mode: 0o644 });
  symlinkSync("../outside/secret", join(granted, "link"));
  const servers = await openServers(folder, granted);
  const victim = spawn("/bin/sleep", ["600"], { stdio: "ignore", env: {} });
  return {
    folder,
    granted,
    writable,
    secret,
    victim,
    ...servers,
    clear: async () => {
      victim.kill("SIGKILL");
      await servers.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openServers(folder: string, granted: string) {
  let count = 0;
  const hit = (): void => void (count += 1);
  const socket = join(folder, "socket");
  const socketInside = join(granted, "socket");
  const servers = await Promise.all([0, socket, socketInside].map((at) => listen(at, hit)));
  const tcp = servers[0]?.address() as AddressInfo;
  const udp = createSocket("udp4", hit);
  await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
  return {
    tcpPort: tcp.port,
    udpPort: udp.address().port,
    socket,
    socketInside,
    reached: () => count,
    close: async () => {
      udp.close();
      for (const server of servers) server.close();
    },
  };
}

function listen(at: number | string, hit: () => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      hit();
      socket.destroy();
    });
    server.on("error", reject);
    if (typeof at === "number") server.listen(at, "127.0.0.1", () => resolve(server));
    else server.listen(at, () => resolve(server));
  });
}
