/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "b50809daa6e56cd1c554d9c04748eb958bdc6d25834f6ff607fa78c7c9f5eede";
