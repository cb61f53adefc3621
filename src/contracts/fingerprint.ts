/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "f0091d5902c4085631ad8e322df7d2bb641d441742f495f1eea1e76ae2fe9997";
