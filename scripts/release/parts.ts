import { sha256 } from "../../src/std/hash.ts";
import { run } from "../machine.ts";

interface Part {
  readonly "bom-ref": string;
  readonly properties: readonly { readonly name: string }[];
}

interface List {
  readonly serialNumber: string;
  readonly metadata: { readonly component: object };
  readonly components: readonly Part[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * The list of what a binary is made of, as CycloneDX has it: npm's own list of package-lock.json,
 * without what serves tests and scripts alone, and without what differs each time it is asked for.
 *
 * @param at ISO 8601, of the commit it is made from.
 * @throws Error with what npm said.
 */
export async function partsOf(at: string): Promise<string> {
  const ran = await run(["npm", "sbom", "--package-lock-only", "--sbom-format=cyclonedx"]);
  if (ran.code !== 0) throw new Error(`npm sbom failed:\n${ran.text}`);
  const { serialNumber: _, ...list } = JSON.parse(ran.stdout) as List;
  // npm's `--omit=dev` also leaves out what both a tool and the program need.
  const components = list.components.filter(
    ({ properties }) => !properties.some(({ name }) => name === "cdx:npm:package:development"),
  );
  const own = new Set(components.map((one) => one["bom-ref"]));
  const dependencies = list.dependencies
    .filter(({ ref }, i) => i === 0 || own.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => own.has(one)) }));
  // It takes the name from the folder it stands in, and adds itself: neither is part of this.
  const component = { ...list.metadata.component, type: "application", name: "nanos" };
  const same = { ...list, metadata: { timestamp: at, component }, components, dependencies };
  return `${JSON.stringify({ ...same, serialNumber: uuidOf(JSON.stringify(same)) }, null, 2)}\n`;
}

/** A name made of the content, in the form of a UUID of version 8. */
function uuidOf(text: string): string {
  const id = sha256(text);
  const parts = [id.slice(0, 8), id.slice(8, 12), `8${id.slice(13, 16)}`, `8${id.slice(17, 20)}`];
  return `urn:uuid:${[...parts, id.slice(20, 32)].join("-")}`;
}
