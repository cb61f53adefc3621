import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { systemClock } from "../../../std/clock.ts";
import { serverConfig } from "../restate/config.ts";
import { identityIn } from "../restate/serve.ts";
import { child } from "./child.ts";

/** A Restate server of a test's own, as the operator would run one. */
export interface TestServer {
  readonly url: string;
  readonly admin: string;
  /** What its requests are signed with. */
  readonly identityKeys: string[];
  /** Where its key is. */
  readonly dir: string;
  /** A port nobody has. */
  readonly free: number;
  stop(): Promise<void>;
  /** Starts it once more where it was. */
  again(): Promise<void>;
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
  const { identity, identityKey } = identityIn(dir);
  const config = serverConfig({ dir, ingress, admin, node, identity });
  let running = await startNode(program, dir, { config, ingress, admin });
  const { urls } = running;
  await urls.up();
  return {
    ...{ ...urls, identityKeys: [identityKey], dir, free },
    stop: () => running.end(),
    again: async () => {
      running = await startNode(program, dir, { config, ingress, admin });
      await urls.up();
    },
  };
}

interface Node {
  readonly urls: {
    readonly url: string;
    readonly admin: string;
    /** Resolves once it answers. */
    up(): Promise<void>;
  };
  end(): Promise<void>;
}

async function startNode(
  program: string,
  dir: string,
  { config, ingress, admin }: { config: string; ingress: number; admin: number },
): Promise<Node> {
  const file = join(dir, "restate.toml");
  writeFileSync(file, config);
  const env = { PATH: process.env["PATH"] ?? "", DO_NOT_TRACK: "1" };
  const { end } = child(spawn(program, ["--config-file", file, "--no-logo"], { cwd: dir, env }));
  const [url, adminUrl] = [`http://127.0.0.1:${ingress}`, `http://127.0.0.1:${admin}`];
  const up = async (): Promise<void> => {
    while (!(await isUp(`${adminUrl}/health`)) || !(await isUp(`${url}/restate/health`))) {
      await systemClock.sleep(20);
    }
  };
  return { urls: { url, admin: adminUrl, up }, end };
}

/** Servers that are one, behind one address, as the page on clusters says to set them up. */
export interface TestCluster extends Omit<TestServer, "free" | "dir" | "again"> {
  /** Ends one with SIGKILL, once the one before is back. */
  hurt(which: number): Promise<void>;
}

export async function startCluster(
  program: string,
  dir: string,
  count: number,
): Promise<TestCluster> {
  const ports = Array.from({ length: count }, () => freePorts(3));
  const places = (await Promise.all(ports)).map(([ingress = 0, admin = 0, node = 0], n) => ({
    ...{ ingress, admin, node, dir: join(dir, `n${n}`) },
  }));
  mkdirSync(dir, { recursive: true });
  const { identity, identityKey } = identityIn(dir);
  const all = places.map(({ node }) => `"http://127.0.0.1:${node}"`).join(", ");
  const start = (n: number): Promise<Node> => {
    const place = places[n] ?? places[0];
    if (!place) throw new Error("a cluster has a server");
    mkdirSync(place.dir, { recursive: true });
    const config = serverConfig({ ...place, identity })
      .replace('node-name = "nanos"', `node-name = "nanos-${n}"`)
      .replace("auto-provision = true", `auto-provision = ${n === 0}\ndefault-replication = 2`);
    const found = `${config}\n[metadata-client]\ntype = "replicated"\naddresses = [${all}]\n`;
    return startNode(program, place.dir, { ...place, config: found });
  };
  const nodes = await Promise.all(places.map((_, n) => start(n)));
  await Promise.all(nodes.map(({ urls }) => urls.up()));
  const [front, admins] = await Promise.all([
    balancer(places.map(({ ingress }) => ingress)),
    balancer(places.map(({ admin }) => admin)),
  ]);
  let gone: number | null = null;
  return {
    ...{ url: front.address, admin: admins.address, identityKeys: [identityKey] },
    hurt: async (which) => {
      if (gone !== null) {
        const back = await start(gone);
        await back.urls.up();
        nodes[gone] = back;
      }
      gone = which;
      await nodes[which]?.end();
    },
    stop: async () => {
      for (const one of [front, admins]) one.stop();
      await Promise.all(nodes.map((node) => node.end()));
    },
  };
}

async function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** The first of three free ports in a row, and a fourth; below those the system gives out. */
export async function freeRow(): Promise<readonly [number, number]> {
  for (let first = 10_000 + ((process.pid * 4) % 20_000); ; first += 4) {
    const row = await Promise.allSettled([0, 1, 2, 3].map((n) => listening(NOBODY, first + n)));
    const held = row.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    await Promise.all(held.map((server) => new Promise((done) => server.close(done))));
    if (held.length === row.length) return [first, first + 3];
  }
}

const NOBODY = (): void => undefined;

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening(NOBODY)));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

async function listening(onSocket: (socket: Socket) => void, port = 0): Promise<Server> {
  const server = createServer(onSocket);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/**
 * One address before several processes, as a service of a cluster is: one after the other. Cut, it is
 * a network that lost its way: nothing passes and nobody is told; healed, what was open is gone.
 */
export interface Balancer {
  readonly address: string;
  readonly ports: Set<number>;
  cut(): void;
  heal(): void;
  stop(): void;
}

export async function balancer(to: readonly number[] = []): Promise<Balancer> {
  const ports = new Set(to);
  const open = new Set<Socket>();
  let turn = 0;
  let isCut = false;
  const server = await listening((socket) => void serve(socket));
  const kept = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
  };
  const serve = async (socket: Socket): Promise<void> => {
    kept(socket);
    if (isCut) return;
    const all = [...ports];
    for (let tries = 0; tries < all.length; tries++) {
      turn += 1;
      const other = await dial(all[turn % all.length] ?? 0);
      if (!other) continue;
      kept(other);
      if (!isCut) socket.pipe(other).pipe(socket);
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
  const drop = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    address: `http://127.0.0.1:${portOf(server)}`,
    ports,
    cut: () => {
      isCut = true;
      for (const socket of open) socket.unpipe().pause();
    },
    heal: () => {
      isCut = false;
      drop();
    },
    stop: () => {
      server.close();
      drop();
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
