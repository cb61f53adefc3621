/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "58f1b7983865b3fae33a6870cba48b599442c4bc386f6089ef797060e3533740";
