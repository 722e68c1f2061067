// The language of the page. Another one is another file of the shape of `en.ts`, and a line here.

import { en } from "./en";

export type Texts = typeof en;

export const locale = "en-GB";
export const t: Texts = en;
