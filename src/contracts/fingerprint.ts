/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "3ff2b52e76d4fe50ee748257f162ea3374732343bd0ae9db4ad09d2f4b2ec5f6";
