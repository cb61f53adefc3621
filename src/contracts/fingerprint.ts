/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "81a33096c4f66fa78f26fa63f4567c2c2ad667dfa0e347e43271950d6f4feaba";
