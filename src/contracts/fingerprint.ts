/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "ff250ea5f3adf4be77010244c0619e55cb18da0ee2b76720d878ef04f8dd3f79";
