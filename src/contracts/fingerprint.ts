/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "f1cf7da33292e8b4106415833553a3df69f446b35553812146a9c5958367e456";
