/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "66f30561b58d91391a30cefb2df7e7d04fcb49f660602c0f95b9fb64de950318";
