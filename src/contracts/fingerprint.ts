/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "fac974beb1a7b744ef11dd62916eb9e7f8eee71f489d90afdb50f25387da9d85";
