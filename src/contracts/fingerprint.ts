/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "4cf94fba2b030b82c03636530d99e756a999ed763a4b3c6d4c11fc6d4f81736f";
