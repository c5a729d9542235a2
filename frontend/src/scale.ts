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

export function rgba(hex: string, opacity: number): number {
  const value = parseInt(hex.slice(1), 16);
  // little-endian: alpha, blue, green, red
  return ((opacity << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

const OPACITY = 225;
export const CLASS_RGBA = COLOURS.map((c) => rgba(c, OPACITY));
export const UNKNOWN_RGBA = rgba(UNKNOWN_COLOUR, 150);
export const NONE_RGBA = rgba(NONE_COLOUR, 200);

/** Colour of each of 256 upper bytes of codes, for cells. */
export function colourTable(shown: Shown, cellM: number): Uint32Array {
  const limits = breaksOf(shown, "cells").map((b) => codeOf(shown === "chance" ? b : (b * cellM * cellM) / 1e6));
  const out = new Uint32Array(256);
  for (let step = 1; step < 256; step++) {
    const code = step * 256 + 128;
    out[step] = step === 255 ? UNKNOWN_RGBA : CLASS_RGBA[limits.filter((l) => code >= l).length]!;
  }
  return out;
}
