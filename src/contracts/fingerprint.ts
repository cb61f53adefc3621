/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "6facf8f9ae5da42c7bae93159acc8dfc43ad17ddf43d23f557cf8b6bc3e8a122";
