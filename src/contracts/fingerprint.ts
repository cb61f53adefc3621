/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "011617c1c6f31a6c2567f337727d71356a8377c95adb02401855c5dd1cc5f35a";
