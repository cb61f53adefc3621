import type { EventBody } from "../../contracts/event.ts";
import type {
  Applied,
  ApplyOffer,
  Exported,
  ImportOffer,
  ImportWish,
  PluginList,
} from "../../contracts/portable.ts";
import { snapshot } from "../../home/arrangement/snapshot.ts";
import type { Home } from "../../home/home.ts";
import { applyOffer, offerFrom } from "../../home/portable/apply.ts";
import { exportTo } from "../../home/portable/export.ts";
import type { Clock } from "../../std/clock.ts";

/** The arrangement on its way to another machine, and back. */

/**
 * Writes the arrangement in force to a folder, absolute, without anything of this machine.
 *
 * @throws NanosError `arrangement.missing`, `trust.*`, `manifest.invalid`, `export.*`.
 */
export async function exportArrangement(
  home: Home,
  target: string,
  options: { readonly memory: boolean },
): Promise<Exported> {
  await home.arrangement();
  const { dir, workspace, project } = home.ground();
  const { secrets } = home;
  return exportTo({
    source: snapshot(dir, workspace, project),
    ...{ target, secrets, machine: await machineOf(home) },
    ...options,
  });
}

/** What stays on this machine, by name. */
async function machineOf({ grants, config, secrets }: Home): Promise<Exported["left"]> {
  const line = (what: string, names: readonly string[], why: string): Exported["left"] =>
    names.length === 0 ? [] : [{ what: `${what}: ${names.join(", ")}`, why }];
  const { models } = await config.read();
  const granted = (await grants.list()).filter(({ revoked }) => revoked !== true);
  const names = [...new Set(granted.map(({ skill }) => skill))];
  return [
    ...line("grants", names, "each machine's operator says yes anew"),
    ...line("models of this machine", Object.keys(models), "nanos model add brings them there"),
    ...line(
      "secrets",
      (await secrets.list()).map(({ name }) => name),
      "values never travel; nanos secret set stores one there",
    ),
    { what: "journal, keys, vault", why: "they are this machine's" },
  ];
}

/** What taking over the arrangement in `dir` would change. Throws as `offerFrom` does. */
export async function offerArrangement(home: Home, from: string, dir: string): Promise<ApplyOffer> {
  await home.settle();
  return offerFrom(from, dir, { ground: home.target(), grants: await home.grants.list() });
}

/** What bringing in another program's manifests would change. Throws as `offerImport` does. */
export async function importOffer(
  home: Home,
  { from, path, plugin }: ImportWish,
): Promise<ImportOffer | PluginList> {
  await home.settle();
  const { offerImport } = await import("../../home/import/import.ts");
  const target = { ground: home.ground(), grants: await home.grants.list() };
  return offerImport(from, path, target, plugin);
}

/** Takes it over as it was shown. Throws as `applyOffer` does. */
export async function applyArrangement(
  home: Home,
  offer: ApplyOffer,
  { clock, record }: { readonly clock: Clock; readonly record: (body: EventBody) => Promise<void> },
): Promise<Applied> {
  const { applied, skills } = await applyOffer(offer, { ground: home.target() });
  const at = clock.now();
  const locked = [...skills.values()].map(({ head, hash }) => [
    head.name,
    { hash, at, from: offer.from },
  ]);
  // Each was shown and said yes to; none has to ask again before it is used.
  await home.lock.change((held) => ({
    v: 1,
    skills: { ...held.skills, ...Object.fromEntries(locked) },
  }));
  const { from, hash } = offer;
  await record({ kind: "arrangement.applied", from, hash, files: [...applied.files] });
  return applied;
}
