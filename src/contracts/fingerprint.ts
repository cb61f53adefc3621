/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "8c23b154051a718a3a3a11d49ee9411c7e4ef9502926156bbbf22b66a9654aeb";
