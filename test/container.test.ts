import { expect, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "../scripts/build.ts";
import { inTempFolder, ROOT, run } from "../scripts/machine.ts";
import { CONTAINERS, makeImage } from "../src/sandbox/testing/image.ts";
import { command } from "./support/nanos.ts";

/**
 * The image as `deploy/Containerfile` makes it, on a base made of this machine's own files, as there
 * is no registry of images here: what was built comes from beside it, and its last stage is made.
 */

const HOST = "127.0.0.1";
const BOXED = [
  ...["--read-only", "--tmpfs=/tmp:mode=1777,size=256m", "--cap-drop=all"],
  ...["--security-opt=no-new-privileges"],
  // Where this runs itself in a box, its engine may not raise what the box has.
  ...["--ulimit=nofile=1024:1024", "--ulimit=nproc=512:512"],
];

test.if(CONTAINERS)(
  "the image serves as nobody's user with a root it cannot write, and its tools are held",
  () =>
    inTempFolder("nanos-container", async (folder) => {
      const base = makeImage();
      const [image, volume] = [`localhost/nanos-story-${process.pid}:1`, `nanos-${process.pid}`];
      const data = `--volume=${volume}:/data`;
      mkdirSync(join(folder, "data"));
      await binaryAt(join(folder, "src/dist/nanos"));
      const nanos = (...args: string[]): string =>
        base.podman("run", "--rm", "--network=none", ...BOXED, data, image, ...args);
      try {
        base.podman(
          ...["build", "--pull=never", "--skip-unused-stages", `--build-arg=BASE=${base.name}`],
          ...[`--build-context=build=${folder}`, "-f", join(ROOT, "deploy/Containerfile")],
          ...["-t", image, ROOT],
        );
        nanos("init", "--from", "toy");
        expect(nanos("run", "calculate 2 + 2")).toContain("4");
        const { key } = JSON.parse(nanos("key", "new", "--agent", "oracle", "--json")) as {
          key: string;
        };
        expect(await served(base, [...BOXED, data, image], key)).toBe("echoed");
        expect(nanos("trace", "verify")).toContain("verify");
        expect(await composed(base, { folder, image, volume, key })).toBe("echoed");
      } finally {
        base.podman("rmi", "--force", image);
        base.podman("volume", "rm", "--force", volume);
        base.remove();
      }
    }),
  300_000,
);

async function binaryAt(file: string): Promise<void> {
  const [program = "", ...more] = command();
  if (more.length > 0) await build(file);
  else cpSync(program, file);
}

/** Starts the server in a container, asks it something from outside, and stops it. */
async function served(
  { podman }: Pick<ReturnType<typeof makeImage>, "podman">,
  argv: readonly string[],
  key: string,
): Promise<string> {
  const port = freePort();
  const place = ["serve", "--host", HOST, "--port", String(port)];
  const id = podman("run", "--detach", "--network=host", ...argv, ...place);
  try {
    await isUp({ port }, () => podman("logs", id));
    const said = await saidAt({ port }, key);
    podman("stop", "--time=30", id);
    expect(podman("wait", id)).toBe("0");
    return said;
  } finally {
    podman("rm", "--force", id);
  }
}

interface Composed {
  readonly folder: string;
  readonly image: string;
  readonly volume: string;
  readonly key: string;
}

/** The same by the files of compose, hardened: what they name is this test's own, and nothing else is another. */
async function composed(
  { podman, argv }: ReturnType<typeof makeImage>,
  { folder, image, volume, key }: Composed,
): Promise<string> {
  const [port, deploy] = [freePort(), join(folder, "deploy")];
  mkdirSync(deploy);
  for (const name of ["compose.yaml", "compose.hardened.yaml"]) {
    const text = readFileSync(join(ROOT, "deploy", name), "utf8");
    const own = text
      .replace("image: localhost/nanos:latest", `image: ${image}`)
      .replace("name: nanos_data", `name: ${volume}`)
      .replace(`${HOST}:8088:8088`, `${HOST}:${port}:8088`);
    writeFileSync(join(deploy, name), own);
  }
  // Where this runs itself in a box, its engine may not raise what the box has.
  const bounds = "services:\n  nanos:\n    ulimits: { nofile: 1024, nproc: 512 }\n";
  writeFileSync(join(deploy, "bounds.yaml"), bounds);
  const engine = join(folder, "engine");
  writeFileSync(engine, `#!/bin/sh\nexec ${argv.join(" ")} "$@"\n`, { mode: 0o755 });
  const files = ["compose.yaml", "compose.hardened.yaml", "bounds.yaml"];
  const project = volume;
  const compose = async (...words: string[]): Promise<void> => {
    const named = files.flatMap((name) => ["-f", join(deploy, name)]);
    const ran = await run(
      ["podman-compose", "--podman-path", engine, "-p", project, ...named, ...words],
      { cwd: deploy },
    );
    if (ran.code !== 0) throw new Error(ran.text);
  };
  try {
    await compose("up", "--detach", "--no-build");
    const place = { port, host: `${HOST}:8088` };
    await isUp(place, () => podman("logs", `${project}_nanos_1`));
    return await saidAt(place, key);
  } finally {
    await compose("down");
  }
}

/** A port of this machine, and what it is known by where that is another one inside. */
interface At {
  readonly port: number;
  readonly host?: string;
}

/** What an agent says there. */
async function saidAt({ port, host = `${HOST}:${port}` }: At, key: string): Promise<string> {
  const answer = await fetch(`http://${HOST}:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", host },
    body: JSON.stringify({
      model: "nanos/oracle",
      messages: [{ role: "user", content: "echo echoed" }],
    }),
  });
  const { choices } = (await answer.json()) as { choices?: { message: { content: string } }[] };
  return choices?.[0]?.message.content ?? "";
}

async function isUp({ port, host = `${HOST}:${port}` }: At, log: () => string): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    const health = await fetch(`http://${HOST}:${port}/health`, { headers: { host } }).catch(
      () => null,
    );
    if (health?.ok) return;
    await Bun.sleep(100);
  }
  throw new Error(`it does not come up: ${log()}`);
}

/** A port nobody has: what the server says of its own comes out of a container late. */
function freePort(): number {
  const server = Bun.listen({ hostname: HOST, port: 0, socket: { data: () => undefined } });
  server.stop();
  return server.port;
}
