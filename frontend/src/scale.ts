// Numbers from codes, and colours from numbers. The steps are those of the report and the layers: light yellow to dark
// purple, never green for low, and lightness falls all the way, so that they also work in grey and in sunlight.

import type { Metric } from "./types";

export const COLOURS = ["#fff1bd", "#fdcf7f", "#f79a4f", "#dd5a3d", "#a8234f", "#5b0f52"];
export const UNKNOWN_COLOUR = "#8a8a8a";
export const NONE_COLOUR = "#fffdf4"; // the number itself is 0, as an upper bound may be: not that nothing is there
export const VERDICT_COLOURS: Record<string, string> = {
  "does not meet": "#8c1c4b",
  "cannot tell: survey": "#f0a04b",
  meets: "#c9d6e8",
  "no policy stated": "#d9d9d9",
};

export type Shown = "chance" | "mean" | "upper" | "verdict";
export const SHOWN: readonly Shown[] = ["chance", "mean", "upper", "verdict"];
export const METRIC_OF: Record<Shown, Metric> = { chance: "p_any", mean: "mean", upper: "q95", verdict: "p_any" };

const AREA_CHANCES = [0.01, 0.05, 0.2, 0.5, 0.8];
const CELL_CHANCES = [0.0001, 0.001, 0.01, 0.1, 0.5];
const PER_KM2 = [1, 10, 100, 1_000, 10_000];

export const breaksOf = (shown: Shown, layer: "areas" | "cells"): number[] =>
  shown === "chance" ? (layer === "areas" ? AREA_CHANCES : CELL_CHANCES) : PER_KM2;

const UNKNOWN = 65_535;
const STEPS = 65_533;
let lowest = -9;
let highest = 9;

export function setScale([low, high]: [number, number]): void {
  [lowest, highest] = [low, high];
}

export function decoded(code: number): number | null {
  if (code === 0) return 0;
  if (code === UNKNOWN) return null;
  return 10 ** (lowest + ((code - 1) / STEPS) * (highest - lowest));
}

/** The smallest code whose number is not below a value: classes are found among codes, without decoding. */
export function codeOf(value: number): number {
  return 1 + Math.ceil(((Math.log10(value) - lowest) / (highest - lowest)) * STEPS);
}

export const rgb = (hex: string): number[] => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
export const CLASS_COLOURS = COLOURS.flatMap(rgb);

/** Codes of a factor of ten. */
export const decadeCodes = (): number => STEPS / (highest - lowest);

/** Limits of the classes as codes; a density is told per km² of so much ground. */
export function breakCodes(shown: Shown, layer: "areas" | "cells", km2: number): number[] {
  return breaksOf(shown, layer).map((b) => codeOf(shown === "chance" ? b : b * km2));
}
