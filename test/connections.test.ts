import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { which } from "../scripts/machine.ts";
import { startMockProvider } from "../src/models/testing/mock-provider.ts";
import { person } from "./support/nanos.ts";
import { chat, station } from "./support/server.ts";

/**
 * A whole journey under a recorder of the system's own calls: every connection that is opened by
 * nanos, and by whatever it starts, and none but those that were declared.
 */

const strace = which("strace");

/** Where connections over a network were opened to, as the kernel was asked. */
function dialled(file: string): readonly string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line) => {
    const [, port, host] =
      /(?:connect|sendto|sendmsg)\(.*sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?"([^"]+)"/u.exec(
        line,
      ) ?? [];
    return port === undefined ? [] : [`${host}:${port}`];
  });
}

if (strace === null) console.log("not available: strace (apt-get install strace)");
else {
  const recorder = (log: string): readonly string[] => [
    ...[strace, "-f", "-q", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg", "-o", log],
  ];
  test("from set-up to proof nothing is dialled, and with a model nothing but that model", async () => {
    using me = person();
    const log = join(me.userHome, "calls");
    const recorded = async (...args: readonly string[]): Promise<readonly string[]> => {
      const { code, err } = await me.run(args, { under: recorder(log) });
      expect([args.join(" "), code, code === 0 ? "" : err]).toEqual([args.join(" "), 0, ""]);
      return dialled(log);
    };
    for (const args of [
      ["init", "--from", "toy"],
      ["run", "calculate 2 + 2"],
      ["trace", "verify"],
      ["doctor"],
    ]) {
      expect([args.join(" "), await recorded(...args)]).toEqual([args.join(" "), []]);
    }
    const mock = await startMockProvider({ answer: () => ({ say: "from the model" }) });
    try {
      const add = ["model", "add", "m", "--adapter", "ollama", "--url", mock.url, "--model", "m"];
      expect((await me.nanos(...add)).code).toBe(0);
      expect((await me.nanos("model", "use", "m")).code).toBe(0);
      const there = await recorded("run", "how are you?");
      expect([...new Set(there)]).toEqual([new URL(mock.url).host]);
    } finally {
      await mock.close();
    }
  });

  test("a server dials the model its clients' agents think with and nothing else", async () => {
    const answer = (): object => ({ say: "from the model" });
    await using at = await station(answer, { keys: 1 });
    const log = join(at.me.userHome, "calls");
    const up = await at.serve({ under: recorder(log) });
    const [key = ""] = at.keys;
    const asked = async (path: string, by: string, body?: object): Promise<string> => {
      const came = await up.ask(path, by, body);
      expect([path, came.status]).toEqual([path, came.status < 300 ? came.status : 200]);
      return came.text();
    };
    for (const path of [
      "/health",
      "/ready",
      "/landing",
      "/v1/models",
      "/openapi.json",
      "/metrics",
    ]) {
      await asked(path, at.operator);
    }
    const [stream, model] = [true, "nanos/oracle"];
    expect(await asked("/v1/chat/completions", key, chat("how are you?"))).toContain("the model");
    await asked("/v1/chat/completions", key, chat("calculate 2 + 2", { stream }));
    await asked("/v1/responses", key, { model, input: "how are you?" });
    await asked("/api/chat", key, { ...chat("how are you?"), stream: false });
    await asked("/v1/tools/execute", at.operator, {
      name: "calculate",
      args: { expression: "1 + 1" },
    });
    await asked("/nanocode", key, { input: "how are you?" });
    const { run } = JSON.parse(await asked("/v1/runs", key, { text: "how are you?" })) as {
      run: string;
    };
    expect(await asked(`/v1/runs/${run}/events`, key)).toContain("event: run.ended");
    await asked("/v1/audit/verify", at.operator, {});
    await asked("/v1/evidence", at.operator);
    // What was started is the recorder, and the server is its child.
    const { pid } = up.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    process.kill(Number.parseInt(children, 10), "SIGTERM");
    expect((await up.process.ended).code).toBe(0);
    expect([...new Set(dialled(log))]).toEqual([new URL(at.mock.url).host]);
  });
}
