/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "e1990d4a95594586dd2713fa7639131e37e38442ef5e1d96f369434853d1870f";
