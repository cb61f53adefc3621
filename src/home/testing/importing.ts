import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import type { ImportOffer, PluginList } from "../../contracts/portable.ts";
import { openHome } from "../home.ts";
import { offerImport } from "../import/import.ts";
import { applyOffer } from "../portable/apply.ts";
import type { TestFolder } from "./folder.ts";

/** What bringing in `path` of a folder would change of its home. */
export async function offerOf(
  folder: TestFolder,
  path: string,
  plugin?: string,
): Promise<ImportOffer & { apply: () => Promise<void> }> {
  const made = await offered(folder, path, plugin);
  if ("plugins" in made.offer) throw new Error("a list of plugins");
  const { offer, target } = made;
  return Object.assign(offer, { apply: async () => void (await applyOffer(offer, target)) });
}

/** The plugins a marketplace lists. */
export async function listedIn(folder: TestFolder, path: string): Promise<PluginList["plugins"]> {
  const { offer } = await offered(folder, path);
  if (!("plugins" in offer)) throw new Error("no list of plugins");
  return offer.plugins;
}

async function offered(folder: TestFolder, path: string, plugin?: string) {
  const place = { home: join(folder.dir, ".nano-os"), cwd: folder.dir };
  const home = openHome({ ...place, env: {}, clock: systemClock });
  const target = { ground: home.ground(), grants: [] };
  return { offer: await offerImport(path, join(folder.dir, path), target, plugin), target };
}
