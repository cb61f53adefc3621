/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "afc60691db0ecd516462a7baf8b6e792189b3afbf7f7a27d2b54df792edac2cf";
