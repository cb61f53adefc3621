import * as fs from "node:fs";
import { basename } from "node:path";
import type { ImportOffer, PluginList } from "../../contracts/portable.ts";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { plainText } from "../../std/text.ts";
import { snapshot } from "../arrangement/snapshot.ts";
import { readTree, readTreeFile, type TreeFile } from "../files.ts";
import { contentsOf } from "../portable/contents.ts";
import { offerFiles, type Target } from "../portable/apply.ts";
import type { Foreign } from "./converter.ts";
import { CONVERTERS } from "./list.ts";
import { listOf, marketplaceAt, placeOf, pluginIn } from "./marketplace.ts";

/**
 * Reads what another program's manifests say and offers it as files of the arrangement, beside those
 * that are there. Nothing of it is run, and nothing is written before the yes. Of a marketplace, which
 * lists plugins, one is chosen: the list is what comes back where none is named.
 *
 * @throws NanosError `import.missing`, `import.unknown`, `import.no_plugin`, `import.exists`, and as an offer does.
 */
export async function offerImport(
  from: string,
  path: string,
  target: Target,
  plugin?: string,
): Promise<ImportOffer | PluginList> {
  const listed = fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? await marketplaceAt(path)
    : null;
  const chosen = plugin ?? (listed?.length === 1 ? listed[0]?.name : undefined);
  if (listed && chosen === undefined) return listOf(listed);
  if (!listed && plugin !== undefined) throw noMarketplace(from);
  const source =
    listed && chosen !== undefined ? pluginIn(path, listed, chosen) : foreignAt(from, path);
  const converter = CONVERTERS.find((one) => one.knows(source));
  if (converter === undefined) throw unknownFormat(from);
  const { ground } = target;
  const now = snapshot(ground.dir, ground.workspace, ground.project);
  const { files: made, left } = await converter.convert(source, now, ground.checks);
  const present = contentsOf(now, { memory: false }).files;
  const fresh = [...made].map(([file, content]) => treeFile(file, content));
  refuseOthers(present, fresh);
  const kept = present.filter((file) => !made.has(file.path));
  const offer = await offerFiles({ from, files: [...kept, ...fresh] }, target);
  return Object.assign(offer, { format: converter.name, left });
}

function foreignAt(from: string, path: string): Foreign {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  const name = basename(path).replace(/\.[^.]*$/u, "");
  const real = stat === undefined ? path : fs.realpathSync(path);
  if (stat?.isDirectory()) {
    return {
      ...placeOf(real),
      name,
      files: readTree(real, { skip: (one) => /(?:^|\/)\.git$/u.test(one) }).files,
    };
  }
  const file = stat?.isFile() ? readTreeFile(real, basename(path)) : null;
  if (file !== null) return { ...placeOf(real), name, files: [file] };
  throw new NanosError(
    "import.missing",
    `There is no file or folder ${plainText(from)}.`,
    "Name a manifest or a folder of another program: nanos import PATH",
  );
}

function treeFile(path: string, content: string | Uint8Array): TreeFile {
  const bytes = Buffer.from(content);
  return { path, abs: path, content: bytes, hash: sha256(bytes) };
}

/** What is there is never written over; rules and routes are added to. */
function refuseOthers(present: readonly TreeFile[], fresh: readonly TreeFile[]): void {
  const there = new Map(present.map((file) => [file.path, file.hash]));
  const other = fresh.find(({ path, hash }) => {
    const was = there.get(path);
    return was !== undefined && was !== hash && !/^(?:rules|routes)\.yaml$/u.test(path);
  });
  if (other === undefined) return;
  throw new NanosError(
    "import.exists",
    `${plainText(other.path)} is there already, and is another one.`,
    "Move it away, or rename what you bring in.",
  );
}

function noMarketplace(from: string): NanosError {
  return new NanosError(
    "import.no_plugin",
    `${plainText(from)} is no marketplace, so there is no plugin to choose.`,
    "Bring in what it is: nanos import PATH",
  );
}

function unknownFormat(from: string): NanosError {
  const known = CONVERTERS.map(({ name, about }) => `${name} (${about})`).join("; ");
  return new NanosError(
    "import.unknown",
    `${plainText(from)} is in no format that can be brought in.`,
    `These can: ${known}. What is ours already: nanos apply DIR, nanos skill install PATH.`,
  );
}
