import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const GPUS = ["nvidia", "amd", "intel"] as const;
export type Gpu = (typeof GPUS)[number];

/** What a container of the model is given to reach each, by podman's names. */
export const GPU_FLAGS: Readonly<Record<Gpu, readonly string[]>> = {
  nvidia: ["--device=nvidia.com/gpu=all"],
  amd: ["--device=/dev/kfd", "--device=/dev/dri"],
  intel: ["--device=/dev/dri"],
};

/** Makers by the number their devices carry. Source: the PCI ID list. */
const VENDORS: Readonly<Record<string, Gpu>> = {
  "0x10de": "nvidia",
  "0x1002": "amd",
  "0x8086": "intel",
};

/** The graphics processor of this machine that a model could use, the fastest kind first; null where there is none. */
export function findGpu(root = "/"): Gpu | null {
  if (existsSync(join(root, "dev/nvidia0"))) return "nvidia";
  if (existsSync(join(root, "dev/kfd"))) return "amd";
  const cards = join(root, "sys/class/drm");
  const kinds = (existsSync(cards) ? readdirSync(cards) : [])
    .filter((name) => /^renderD\d+$/u.test(name) && existsSync(join(root, "dev/dri", name)))
    .map((name) => VENDORS[vendorIn(join(cards, name, "device/vendor"))]);
  return GPUS.find((gpu) => kinds.includes(gpu)) ?? null;
}

function vendorIn(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}
