// What the page shows now. Everything that can be looked at again is in the address, so that a link opens the same view.

import { computed, signal } from "@preact/signals";
import type { About, AreaTable, Curve, State, Why } from "./types";
import { STATES } from "./types";
import { SHOWN, type Shown } from "./scale";
import { LANGUAGES, type Language } from "./words";

export interface Pane {
  shown: Shown;
  state: State;
}

const asked = new URLSearchParams(location.hash.slice(1));
const oneOf = <T extends string>(values: readonly T[], value: string | null, other: T): T =>
  values.includes(value as T) ? (value as T) : other;

export const about = signal<About | null>(null);
export const areas = signal<AreaTable | null>(null);
export const failure = signal<string>("");
export const language = signal<Language>(
  oneOf(LANGUAGES, asked.get("lang"), oneOf(LANGUAGES, navigator.language.slice(0, 2), "en")),
);
export const step = signal<number>(Math.max(0, Number(asked.get("t")) || 0));
export const playing = signal(false);
export const panes = signal<Pane[]>([
  { shown: oneOf(SHOWN, asked.get("show"), "chance"), state: oneOf(STATES, asked.get("state"), "explosive") },
]);
export const layers = signal({ cells: true, areas: true, records: true, base: true });
export const selected = signal<number | null>(asked.has("area") ? Number(asked.get("area")) : null);
export const why = signal<Why | null>(null);
export const filter = signal("");
export const verdict = signal("");
export const sortBy = signal<"value" | "area_id" | "area_m2" | "verdict">("value");
export const tab = signal<"areas" | "work" | "about">("areas");
export const otherPolicy = signal(false);
/** Corners drawn on the map: longitude and latitude. */
export const drawn = signal<[number, number][]>([]);
export const drawing = signal(false);
export const panelOpen = signal(window.innerWidth > 700);

export interface Hover {
  x: number;
  y: number;
  pane: number;
  area: number | null;
  cell: Curve | null;
}
/** A cell outside of all areas that was clicked. */
export interface ChosenCell {
  longitude: number;
  latitude: number;
  curve: Curve;
}
export const chosenCell = signal<ChosenCell | null>(null);
export const hover = signal<Hover | null>(null);

export const date = computed(() => about.value?.dates[Math.min(step.value, about.value.dates.length - 1)] ?? "");
export const isForecast = computed(() => !!about.value && date.value > about.value.as_of);

export function addressNow(): string {
  const pane = panes.value[0]!;
  const parts: Record<string, string> = { t: String(step.value), show: pane.shown, state: pane.state };
  if (selected.value !== null) parts.area = String(selected.value);
  if (asked.has("lang") || language.value !== "en") parts.lang = language.value;
  return `#${new URLSearchParams(parts)}`;
}
