import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { systemClock } from "../../../std/clock.ts";
import { serverConfig } from "../restate/config.ts";
import { child } from "./child.ts";

/** A Restate server of a test's own, as the operator would run one. */
export interface TestServer {
  readonly url: string;
  readonly admin: string;
  /** A port nobody has. */
  readonly free: number;
  stop(): Promise<void>;
}

/** The server's program in a folder npm installed it to; null where it is not. */
export function serverIn(folder: string | undefined): string | null {
  const packages = join(folder ?? "", "node_modules/@restatedev");
  if (folder === undefined || !existsSync(packages)) return null;
  const name = readdirSync(packages).find((one) => one.startsWith("restate-server-"));
  return name === undefined ? null : join(packages, name, "bin/restate-server");
}

export async function startServer(program: string, dir: string): Promise<TestServer> {
  mkdirSync(dir, { recursive: true });
  const [ingress = 0, admin = 0, node = 0, free = 0] = await freePorts(4);
  const config = join(dir, "restate.toml");
  writeFileSync(config, serverConfig({ dir, ingress, admin, node }));
  const env = { PATH: process.env["PATH"] ?? "", DO_NOT_TRACK: "1" };
  const server = child(spawn(program, ["--config-file", config, "--no-logo"], { cwd: dir, env }));
  const [url, adminUrl] = [`http://127.0.0.1:${ingress}`, `http://127.0.0.1:${admin}`];
  while (!(await isUp(`${adminUrl}/health`)) || !(await isUp(`${url}/restate/health`))) {
    await systemClock.sleep(20);
  }
  return { url, admin: adminUrl, free, stop: server.end };
}

async function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => listening(() => undefined)),
  );
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

async function listening(onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** One address before several workers, as a service of a cluster is: one after the other. */
export interface Balancer {
  readonly address: string;
  readonly ports: Set<number>;
  stop(): void;
}

export async function balancer(): Promise<Balancer> {
  const ports = new Set<number>();
  const open = new Set<Socket>();
  let turn = 0;
  const server = await listening((socket) => void serve(socket));
  const serve = async (socket: Socket): Promise<void> => {
    open.add(socket);
    socket.on("error", () => undefined);
    const all = [...ports];
    for (let tries = 0; tries < all.length; tries++) {
      turn += 1;
      const other = await dial(all[turn % all.length] ?? 0);
      if (!other) continue;
      socket.pipe(other).pipe(socket);
      for (const [one, peer] of [
        [socket, other],
        [other, socket],
      ] as const) {
        one.on("close", () => peer.destroy());
      }
      return;
    }
    socket.destroy();
  };
  return {
    address: `http://127.0.0.1:${portOf(server)}`,
    ports,
    stop: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function dial(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(socket));
    socket.on("error", () => resolve(null));
  });
}
