import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../scripts/machine.ts";
import { command, ok, type Person, person, type Running } from "./support/nanos.ts";

/** What the recipes of `deploy/` start, started as they say it and asked something. */

const read = (name: string): string => readFileSync(join(ROOT, "deploy", name), "utf8");

/** A home with a key, and `nanos` where programs are looked for. */
async function machine(me: Person): Promise<{ key: string; path: string }> {
  await ok(me.nanos("init", "--from", "toy"));
  const made = await ok(me.nanos("key", "new", "--agent", "oracle", "--json"));
  const bin = join(me.userHome, ".local/bin");
  mkdirSync(bin, { recursive: true });
  const quoted = command().map((word) => `'${word}'`);
  writeFileSync(join(bin, "nanos"), `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`, { mode: 0o755 });
  const { key } = JSON.parse(made.out) as { key: string };
  return { key, path: `${bin}:${process.env["PATH"] ?? ""}` };
}

/** Where it says that it listens. */
async function portOf(server: Running): Promise<string> {
  await server.until("listening on ");
  return /listening on \S+:(\d+)/u.exec(server.text())?.[1] ?? "";
}

/** Asks for something a tool does, by a name the server is known by. */
async function asked(port: string, host: string, key: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { host, authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "nanos/oracle",
      messages: [{ role: "user", content: "calculate 2 + 2" }],
    }),
  });
  const { choices, error } = (await answer.json()) as {
    choices?: { message: { content: string } }[];
    error?: { code: string };
  };
  return choices?.[0]?.message.content ?? error?.code;
}

test("the unit's server is started as it says, bounded as it says, its tools held, and ends by its signal", async () => {
  using me = person();
  const { key } = await machine(me);
  const unit = read("nanos.service");
  const said = (name: string): string => new RegExp(`^${name}=(.*)$`, "mu").exec(unit)?.[1] ?? "";
  const [program = "", ...args] = said("ExecStart").replace("%h", me.userHome).split(" ");
  expect(args).toEqual(["serve", "--port", "8088"]);
  expect([said("NoNewPrivileges"), said("KillSignal")]).toEqual(["yes", "SIGTERM"]);
  const files = `--nofile=${said("LimitNOFILE")}:${said("LimitNOFILE")}`;
  const under = ["prlimit", files, "setpriv", "--no-new-privs"];
  const server = me.begin([...args.slice(0, -1), "0"], { command: [program], under });
  const port = await portOf(server);
  expect(await asked(port, `127.0.0.1:${port}`, key)).toBe("4");
  server.kill("SIGTERM");
  expect((await server.ended).code).toBe(0);
});

test("on Railway it listens where it is told to, and answers by the names it is asked by there", async () => {
  using me = person();
  const { key, path } = await machine(me);
  const { build, deploy } = JSON.parse(read("railway.json")) as {
    readonly build: object;
    readonly deploy: Readonly<Record<string, string>>;
  };
  expect(build).toEqual({ builder: "DOCKERFILE", dockerfilePath: "deploy/Containerfile" });
  expect(Object.keys(deploy)).toEqual([
    ...["startCommand", "healthcheckPath", "restartPolicyType", "requiredMountPath"],
  ]);
  const env = { PATH: path, PORT: "0", RAILWAY_PUBLIC_DOMAIN: "mine.up.railway.app" };
  const server = me.begin([`exec ${deploy["startCommand"] ?? ""}`], {
    env,
    command: ["/bin/sh", "-c"],
  });
  const port = await portOf(server);
  const health = await fetch(`http://127.0.0.1:${port}${deploy["healthcheckPath"] ?? ""}`, {
    headers: { host: "healthcheck.railway.app" },
  });
  expect(health.status).toBe(200);
  expect(await asked(port, "mine.up.railway.app", key)).toBe("4");
  expect(await asked(port, "another.up.railway.app", key)).toBe("http.host");
  server.kill("SIGTERM");
  expect((await server.ended).code).toBe(0);
});
