/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "685422c7ba05368f03bce757309e57c6736823ca659b42ba481ad72a8a1292f0";
