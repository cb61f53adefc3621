/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "ac87ccc24ce1fa8d943e996176f05045b08ba072b19d4a3a76b6ea23f34622cc";
