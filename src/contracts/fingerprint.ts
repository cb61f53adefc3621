/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "bce03cd6b6d1cbcefc8c29fd5c8831047dbbe6db205b43e1f2a4c9e5110f7e44";
