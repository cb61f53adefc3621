/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "95e7d89cfec8d6f4f34219553301501c8c103009a142a1cbe8941ac7dd9b9300";
