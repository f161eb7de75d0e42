import { imageKind } from "../items/picture/view";

export const viewer = imageKind;
