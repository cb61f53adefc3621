/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "cfa823d190a51c2e288146251b849ee08f472031acdcd5b17d43031a9a0f06bb";
