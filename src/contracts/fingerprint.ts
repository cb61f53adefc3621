/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "48e1b54fed50ce6ea395a6097835ae8a08ca2f9eed2dc1f336ca30c41c4455b8";
