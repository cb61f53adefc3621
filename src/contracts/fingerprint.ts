/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "570c7503039f090a6bb4a88c173181e423d1dbd7c144502d3fd23ec8a6cf0d38";
