/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "bdc59fcedc6446b3058c66b304be67b61afc0cf3a07a7290e6edc7630bc76499";
