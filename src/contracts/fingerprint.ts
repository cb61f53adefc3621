/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "eb9ee23501bde306e08c2be7d6c2d24fa275bcdec54c2fa959373172493893cc";
