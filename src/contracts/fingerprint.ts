/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "987dfbc024dc6fb253d28a20a73e0d7a90b97f35d01e8c30955d4cbb7b793a4b";
