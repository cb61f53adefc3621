/** The read of an image as the journal names it; no tool's name, as a dot is in it. */
export const IMAGE = "image.read";
