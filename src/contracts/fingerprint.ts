/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "56778a62b45b62b65977ca479ae15c0b0ed4db930dedf5b76c9a2eb3982ff546";
