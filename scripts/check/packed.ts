import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Found } from "../check.ts";
import { BUN, inTempFolder, ROOT, run } from "../machine.ts";

/** Packs the package as it would be published, and has two tools look at what a consumer gets. */
export async function packed(): Promise<Found> {
  return inTempFolder("nanos-pack", async (folder) => {
    const pack = await run(["npm", "pack", "--pack-destination", folder]);
    const name = readdirSync(folder).find((file) => file.endsWith(".tgz"));
    if (pack.code !== 0 || name === undefined) return { state: "failed", says: pack.text };
    const tarball = join(folder, name);
    const bin = (file: string): string => join(ROOT, "node_modules", file);
    const lint = await run([...BUN, bin("publint/src/cli.js"), tarball, "--strict"]);
    const types = await run([
      ...BUN,
      bin("@arethetypeswrong/cli/dist/index.js"),
      tarball,
      "--profile",
      "esm-only",
      "--no-emoji",
      "--no-color",
    ]);
    const says = [lint, types].filter(({ code }) => code !== 0).map(({ text }) => text);
    return says.length === 0 ? { state: "passed" } : { state: "failed", says: says.join("\n") };
  });
}
