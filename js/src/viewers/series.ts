import { seriesKind } from "../items/series/plot";

export const viewer = seriesKind;
