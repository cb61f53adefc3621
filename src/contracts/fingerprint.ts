/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "a9ac47c125c6297d03824ebca598e54944e369ea0ccb6af75b8640c0e962c52f";
