import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { planOf } from "../deploy.ts";
import { inTempFolder, ROOT, run, which } from "../machine.ts";
import { findGpu, type Gpu } from "./gpu.ts";

const BOXED =
  "--read-only --tmpfs=/tmp:mode=1777,size=256m --cap-drop=all --security-opt=no-new-privileges --pids-limit=512 --memory=2g --volume=nanos_data:/data localhost/nanos:latest";
const FILES = "podman compose --file deploy/compose.yaml";
const POD = "podman pod create --replace --name=nanos --publish=127.0.0.1:8088:8088";
const MODELS = "podman run --detach --pod=nanos --name=nanos-ollama --restart=on-failure";
const SERVE = `podman run --detach --pod=nanos --name=nanos-serve --restart=on-failure ${BOXED}`;
const IMAGE = "podman build --file deploy/Containerfile --tag localhost/nanos:latest .";
const OLLAMA = "--volume=ollama_data:/root/.ollama docker.io/ollama/ollama:latest";

function check(line: string, ...steps: string[]): void {
  const [tool, ...argv] = line.split(" ");
  const made = planOf(tool === "build" ? "build" : "deploy", argv, "amd");
  expect(made.map((step) => step.join(" "))).toEqual(steps);
}

describe("what the scripts run", () => {
  test("nanos, with a model's server and without, in a pod and by compose", () => {
    check("deploy start", `${FILES} up --detach`);
    check("deploy start --ollama", `${FILES} --file deploy/compose.ollama.yaml up --detach`);
    check(
      "deploy start --gpu nvidia --env production",
      `${FILES} --file deploy/compose.ollama.yaml --file deploy/compose.nvidia.yaml --file deploy/compose.hardened.yaml up --detach`,
    );
    process.env["GPU_SUPPORT"] = "nvidia";
    check("deploy start", `${FILES} up --detach`);
    check(
      "deploy start --ollama",
      `${FILES} --file deploy/compose.ollama.yaml --file deploy/compose.nvidia.yaml up --detach`,
    );
    delete process.env["GPU_SUPPORT"];
    check("deploy start --type pod", POD, SERVE);
    check(
      "deploy start --type pod --gpu auto",
      POD,
      `${MODELS} --device=/dev/kfd --device=/dev/dri ${OLLAMA}`,
      SERVE,
    );
    check(
      "deploy start --type pod --gpu intel",
      POD,
      `${MODELS} --device=/dev/dri ${OLLAMA}`,
      SERVE,
    );
  });

  test("the rest of its life", () => {
    check("deploy status", `${FILES} ps`);
    check("deploy status --type pod", "podman ps --filter=pod=nanos");
    check("deploy logs --follow", `${FILES} logs --follow`);
    check("deploy logs ollama --type pod", "podman logs nanos-ollama");
    check("deploy shell", `${FILES} exec nanos /bin/sh`);
    check("deploy shell --type pod", "podman exec -it nanos-serve /bin/sh");
    check("deploy restart", `${FILES} restart`);
    check("deploy restart --type pod", "podman pod restart nanos");
    check("deploy stop", `${FILES} down`);
    check("deploy stop --type pod", "podman pod stop nanos");
    check("deploy update", IMAGE, `${FILES} up --detach --force-recreate`);
    check("deploy update --type pod", IMAGE, "podman pod rm --force nanos", POD, SERVE);
    check(
      "deploy key --agent oracle --rate 20",
      `podman run --rm ${BOXED} key new --agent oracle --rate 20`,
    );
    const add = (url: string) =>
      `podman run --rm ${BOXED} model add ollama --adapter ollama --url ${url} --model qwen3:8b`;
    const use = `podman run --rm ${BOXED} model use ollama`;
    check(
      "deploy model qwen3:8b",
      `${FILES} --file deploy/compose.ollama.yaml exec ollama ollama pull qwen3:8b`,
      add("http://ollama:11434"),
      use,
    );
    check(
      "deploy model qwen3:8b --type pod",
      "podman exec nanos-ollama ollama pull qwen3:8b",
      add("http://127.0.0.1:11434"),
      use,
    );
  });

  test("building", () => {
    check("build workspace", "npm ci", "npm run build");
    check("build containers", IMAGE);
    check("build all", "npm ci", "npm run build", IMAGE);
    check("build cross", "npm run release");
    check("build gpu --gpu nvidia", "podman pull docker.io/ollama/ollama:latest", IMAGE);
    check("build clean", "rm -rf dist lib coverage");
  });

  test("what is none of their words is refused, with those that are", () => {
    const refused = (line: string, says: string): void => expect(() => check(line)).toThrow(says);
    refused("deploy fly", "start, stop, status");
    refused("build constructor", "all, workspace");
    refused("deploy start --gpu voodoo", "auto, none, nvidia, amd, intel");
    refused("deploy start --type kube", "pod, compose");
    refused("deploy start --env test", "development, production");
    refused("deploy start --folow", "no such flag");
  });

  test("printed, nothing is run, from any folder", async () => {
    for (const [tool, verb, says] of [
      ["build", "clean", "rm -rf dist lib coverage"],
      ["deploy", "stop", `${FILES} down`],
    ] as const) {
      const ran = await run([join(ROOT, `scripts/${tool}.sh`), verb, "--print"], {
        cwd: "/",
      });
      expect([ran.code, ran.stdout.trim()]).toEqual([0, says]);
    }
    const ran = await run([join(ROOT, "scripts/deploy.sh"), "fly"]);
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("say one of")]);
    const gpu = await run([join(ROOT, "scripts/deploy.sh"), "gpu"]);
    expect(gpu.stdout).toMatch(/^(?:none|nvidia|amd|intel): /u);
  });
});

test("a graphics processor is found by its devices, the fastest kind first", () =>
  inTempFolder("gpu", async (folder) => {
    const machines: readonly (readonly [Gpu | null, Readonly<Record<string, string>>])[] = [
      [null, {}],
      [null, { "sys/class/drm/card0/device/vendor": "0x8086\n" }],
      // A device nobody may open is none, whatever the system says of it.
      [null, { "sys/class/drm/renderD128/device/vendor": "0x8086\n" }],
      ["intel", { "sys/class/drm/renderD128/device/vendor": "0x8086\n", "dev/dri/renderD128": "" }],
      ["amd", { "dev/kfd": "", "dev/dri/renderD128": "" }],
      ["amd", { "sys/class/drm/renderD129/device/vendor": "0x1002\n", "dev/dri/renderD129": "" }],
      ["nvidia", { "dev/nvidia0": "", "dev/kfd": "" }],
    ];
    for (const [i, [gpu, files]] of machines.entries()) {
      const root = join(folder, String(i));
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      expect(findGpu(root)).toBe(gpu);
    }
  }));

interface Compose {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

describe("the files", () => {
  const folder = join(ROOT, "deploy");
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");
  const compose = (name: string): Compose => parse(text(name)) as Compose;
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

  test("open one port, on this machine's loopback, and hand no socket of an engine in", () => {
    const ports = files.flatMap((name) =>
      Object.values(compose(name).services).flatMap((one) => one["ports"] ?? []),
    );
    expect(ports).toEqual(["127.0.0.1:8088:8088"]);
    for (const name of readdirSync(folder)) {
      expect(text(name)).not.toMatch(
        /docker\.sock|podman\.sock|privileged|SYS_ADMIN|network_mode/u,
      );
    }
  });

  test("the hardened one takes away what the scripts take away", () => {
    expect(compose("compose.hardened.yaml").services["nanos"]).toEqual({
      read_only: true,
      tmpfs: ["/tmp:mode=1777,size=256m"],
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      pids_limit: 512,
      mem_limit: "2g",
      cpus: 2,
    });
  });

  test("the container runs as nobody of the machine, from one that builds and stays behind", () => {
    const lines = text("Containerfile").split("\n");
    expect(lines.filter((line) => line.startsWith("FROM "))).toEqual([
      "FROM ${BUILD} AS build",
      "FROM ${BASE}",
    ]);
    expect(lines).toContain("USER 10001:10001");
    expect(lines.filter((line) => line.startsWith("COPY --from=build")).length).toBe(2);
  });

  test("nix makes of the flake a shell for each machine a release is for", async () => {
    if (which("nix-instantiate") === null) {
      console.log("not available: nix-instantiate (apt-get install nix-bin)");
      return;
    }
    // What nixpkgs gives is not here: each of its packages is its own name.
    const named = ["nodejs_24", "git", "bubblewrap", "podman"].map((one) => `${one} = "${one}";`);
    const made = `
      let
        each = names: make: builtins.listToAttrs (map (name: { inherit name; value = make name; }) names);
        lib = { genAttrs = each; optionals = yes: list: if yes then list else [ ]; };
        packages = system: {
          inherit lib; ${named.join(" ")} mkShell = { packages }: packages;
          stdenv.isLinux = builtins.match ".*linux" system != null;
        };
        legacyPackages = each [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ] packages;
      in (import ${join(folder, "flake.nix")}).outputs { nixpkgs = { inherit lib legacyPackages; }; }`;
    const argv = ["nix-instantiate", "--eval", "--strict", "--json", "--expr", made];
    const ran = await run(argv);
    expect(ran.code === 0 ? "" : ran.text).toBe("");
    const linux = { default: ["nodejs_24", "git", "bubblewrap", "podman"] };
    expect(JSON.parse(ran.stdout)).toEqual({
      devShells: {
        ...{ "x86_64-linux": linux, "aarch64-linux": linux },
        "aarch64-darwin": { default: ["nodejs_24", "git"] },
      },
    });
  });

  test("systemd finds nothing wrong with the unit", async () => {
    const unit = text("nanos.service");
    expect(unit).toContain("NoNewPrivileges=yes");
    if (which("systemd-analyze") === null) {
      console.log("not available: systemd-analyze (apt-get install systemd)");
      return;
    }
    await inTempFolder("unit", async (home) => {
      // The program it names has to be there, and this machine's is another.
      const own = unit.replace("%h/.local/bin/nanos", "/bin/true");
      writeFileSync(join(home, "nanos.service"), own);
      const ran = await run(["systemd-analyze", "--user", "verify", join(home, "nanos.service")]);
      expect(ran.text).not.toContain("nanos.service:");
    });
  });
});
