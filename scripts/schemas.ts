// Writes schemas/*.json and src/contracts/fingerprint.ts from the code: `bun scripts/schemas.ts`.
import * as fs from "node:fs";
import { join } from "node:path";
import { renderSchemas } from "../src/contracts/schemas.ts";
import { sha256 } from "../src/std/hash.ts";

const root = join(import.meta.dirname, "..");
const schemas = renderSchemas();

for (const name of fs.readdirSync(join(root, "schemas"))) {
  if (!schemas.has(name.replace(/\.json$/u, ""))) fs.rmSync(join(root, "schemas", name));
}
for (const [name, text] of schemas) fs.writeFileSync(join(root, "schemas", `${name}.json`), text);

fs.writeFileSync(
  join(root, "src/contracts/fingerprint.ts"),
  `/** SHA-256 over every published schema. Written by \`bun scripts/schemas.ts\`. */
export const SCHEMAS_HASH = "${sha256([...schemas.values()].join(""))}";
`,
);
