/** Stands for text that could not be checked. */
export const WITHHELD = "[withheld: not checked for secrets]";
