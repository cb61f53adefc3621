import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { which } from "../scripts/machine.ts";
import { startMockProvider } from "../src/models/testing/mock-provider.ts";
import { person } from "./support/nanos.ts";

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
  test("from set-up to proof nothing is dialled, and with a model nothing but that model", async () => {
    using me = person();
    const log = join(me.userHome, "calls");
    const recorder = [
      strace,
      "-f",
      "-q",
      "--seccomp-bpf",
      "-e",
      "trace=connect,sendto,sendmsg",
      "-o",
      log,
    ];
    const recorded = async (...args: readonly string[]): Promise<readonly string[]> => {
      const { code, err } = await me.run(args, { under: recorder });
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
}
