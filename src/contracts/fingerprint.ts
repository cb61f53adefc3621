/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "cbf385f3b3511b5d884f27916a5feb07fa61fa0a5387da407c6b66b7b5800259";
