import { systemClock } from "../../std/clock.ts";
import { findPodman, podmanEnv } from "../container/podman.ts";
import { openSandbox } from "../open.ts";
import { makeProbeImage, type ProbeImage } from "../probing/image.ts";

/** True where containers work; says how to get them where they do not. */
export const CONTAINERS: boolean = (() => {
  const works = openSandbox({ clock: systemClock }).tier("container", false) !== null;
  if (!works) console.log("not available: podman (apt-get install podman runc)");
  return works;
})();

/** The image containers are tried with. */
export interface Image extends ProbeImage {
  /** What podman says, for a look from outside. */
  podman(...args: readonly string[]): string;
  /** How it is started. */
  readonly argv: readonly string[];
}

export function makeImage(): Image {
  const found = findPodman();
  const made = makeProbeImage();
  if ("code" in found || made === null) throw new Error("no image could be made");
  const runtime = found.runtime === null ? [] : ["--runtime", found.runtime];
  const argv = [found.path, ...runtime];
  const podman = (...args: readonly string[]): string => {
    const done = Bun.spawnSync([...argv, ...args], { env: podmanEnv(), cwd: "/" });
    if (done.exitCode !== 0) throw new Error(`podman ${args.join(" ")}: ${done.stderr.toString()}`);
    return done.stdout.toString().trim();
  };
  return { ...made, podman, argv };
}
