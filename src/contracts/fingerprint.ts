/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "f5d1a99d5ae10a3829591bfba60b7d324d30cf655663983c7af10776530b0622";
