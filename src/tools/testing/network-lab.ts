import { expect } from "bun:test";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Json } from "../../std/json.ts";
import type { ToolResult } from "../tool-host.ts";
import { type Lab, openLab } from "./lab.ts";
import { SELF_SIGNED } from "./self-signed.ts";
import { BUN, FLAGS } from "./servers.ts";

/**
 * A real program in a real box. It does what it is told, by whatever way it finds, and says what it
 * saw. Nothing of it is ours once it runs.
 */
const CLIENT = `
import { connect } from "node:net";
import { lookup } from "node:dns/promises";
import { createSocket } from "node:dgram";
const raw = (target, parts) => new Promise((settle) => {
  let got = "";
  const socket = connect(target);
  const end = (why) => settle((got + " " + why).trim());
  socket.setTimeout(3000, () => end("silent"));
  socket.on("error", (error) => end(error.code ?? String(error)));
  socket.on("close", () => end("closed"));
  socket.on("data", (data) => { got += data.toString("latin1").replace(/[^\\x20-\\x7e\\r\\n]/g, (one) => "<" + one.charCodeAt(0).toString(16) + ">"); if (parts.length > 0) socket.write(Buffer.from(parts.shift(), "latin1")); });
  socket.on("connect", () => { socket.write(Buffer.from(parts.shift(), "latin1")); });
});
const did = async ([what, ...rest]) => {
  if (what === "fetch") {
    const reply = await fetch(rest[0], { tls: { rejectUnauthorized: false }, ...rest[1] });
    return reply.status + " " + (await reply.text()).trim();
  }
  if (what === "proxy") return raw({ host: "127.0.0.1", port: 3128 }, rest);
  if (what === "tcp") return raw({ host: rest[0], port: rest[1] }, [rest[2] ?? "x"]);
  if (what === "unix") return raw({ path: rest[0] }, ["x"]);
  if (what === "lookup") return (await lookup(rest[0])).address;
  if (what === "udp") return new Promise((settle) => {
    const socket = createSocket("udp4");
    socket.on("error", (error) => settle(error.code));
    socket.send("x", rest[1], rest[0], (error) => settle(error ? error.code : "sent"));
  });
  if (what === "env") return JSON.stringify(Object.keys(process.env).filter((name) => /proxy/i.test(name)).toSorted());
  if (what === "unset") { for (const name of Object.keys(process.env)) if (/proxy/i.test(name)) delete process.env[name]; return "unset"; }
  throw new Error(what);
};
const seen = [];
for (const step of JSON.parse(process.argv[2])) {
  try { seen.push(await did(step)); } catch (error) { seen.push(error.code ?? String(error)); }
}
console.log(JSON.stringify(seen));
process.exit(0);
`;

/** An address of this machine that is not its loopback one. */
export const LAN =
  Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === "IPv4" && !one.internal)?.address ?? "127.0.0.2";

/** A web server of this machine. */
export interface Site {
  readonly port: number;
  readonly asked: string[];
  close(): void;
}

export async function site(answer: string, tls = false, redirect = ""): Promise<Site> {
  const asked: string[] = [];
  const reply: Parameters<typeof createServer>[1] = (request, response) => {
    asked.push(`${request.method} ${request.headers.host}${request.url}`);
    if (redirect !== "") response.writeHead(302, { location: redirect });
    response.end(answer);
  };
  const server: Server = tls ? createTlsServer(SELF_SIGNED, reply) : createServer(reply);
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, asked, close: () => server.close() };
}

/** A tool that is such a program, servers for it to look for, and names that lead to them. */
export interface NetworkLab {
  readonly lab: Lab;
  readonly plain: Site;
  readonly other: Site;
  readonly secure: Site;
  /** Sends to `other` whoever asks it. */
  readonly away: Site;
  /** What names lead to, one address for each time they are asked for; the last stays. */
  readonly names: Record<string, string[]>;
  readonly lookups: string[];
  close(): Promise<void>;
}

/** `image`: one in which our runtime runs; the same program is a container of it, too. */
export async function openNetwork(image?: string): Promise<NetworkLab> {
  const names: Record<string, string[]> = {};
  const lookups: string[] = [];
  const plain = await site("plain");
  const other = await site("other");
  const secure = await site("secure", true);
  const away = await site("", false, `http://127.0.0.1:${other.port}/stolen`);
  const spec = {
    name: "client",
    description: "Does what it is told.",
    command: [BUN, ...FLAGS, "./program/client.ts", "{steps}"],
    scopes: ["read:./program", "net:*"],
  };
  const { command: _, ...named } = { ...spec, name: "contained" };
  const command = [BUN, ...FLAGS, "{program}", "{steps}"];
  const contained = { ...named, container: { image: image ?? "", command } };
  const lab = openLab({
    files: {
      "work/program/client.ts": CLIENT,
      "arrangement/tools/client.yaml": JSON.stringify(spec),
      ...(image !== undefined && {
        "arrangement/tools/contained.yaml": JSON.stringify(contained),
      }),
    },
    options: {
      resolve: async (host) => {
        lookups.push(host);
        const [address = "", ...later] = names[host] ?? [];
        if (later.length > 0) names[host] = later;
        if (address === "") throw new Error("unknown");
        return [{ address, family: address.includes(":") ? 6 : 4 }];
      },
    },
  });
  const close = async (): Promise<void> => {
    for (const one of [plain, other, secure, away]) one.close();
    await lab.close();
  };
  return { lab, plain, other, secure, away, names, lookups, close };
}

/** What the program is to do, with which reach. */
export interface Case {
  /** `host:port` of the call's `net:` scopes. */
  readonly net: readonly string[];
  readonly granted?: readonly string[];
  readonly steps: Json[];
  /** The same program, as a process of its own where nothing is said. */
  readonly tool?: "client" | "contained";
}

/** Runs the steps in one box. */
export async function attempt(
  { lab }: NetworkLab,
  { net, granted = [], steps, tool = "client" }: Case,
): Promise<ToolResult> {
  const reach = tool === "client" ? [`exec:${BUN}`] : ["exec:podman", `read:${BUN}`];
  const scopes = [`read:${lab.workspace}`, ...reach, ...net.map((one) => `net:${one}`)];
  const program = tool === "client" ? {} : { program: join(lab.workspace, "program/client.ts") };
  return lab.call(tool, { ...program, steps: JSON.stringify(steps) }, { scopes, granted });
}

/** Runs the steps in one box; compares all that was seen, reached and refused. */
export async function checkSeen(
  network: NetworkLab,
  one: Case,
  want: {
    readonly saw: readonly (string | RegExp)[];
    readonly hosts?: readonly string[];
    readonly refused?: readonly string[];
  },
): Promise<void> {
  const result = await attempt(network, one);
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  const saw = JSON.parse(String(result.output)) as string[];
  want.saw.forEach((text, i) => {
    if (typeof text === "string") expect(saw[i]).toBe(text);
    else expect(saw[i]).toMatch(text);
  });
  expect(saw).toHaveLength(want.saw.length);
  expect([...(result.hosts ?? [])]).toEqual([...(want.hosts ?? [])]);
  const refused = (result.refused ?? []).map(({ scope, why }) => `${why} ${scope}`);
  expect(refused).toEqual([...(want.refused ?? [])]);
}
