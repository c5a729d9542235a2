// Tiles in which each pixel names an area or a cell; they are coloured here, so that a step of the slider loads nothing.

import * as maplibregl from "maplibre-gl";
import { effect } from "@preact/signals";
import { CLASS_RGBA, METRIC_OF, NONE_RGBA, UNKNOWN_RGBA, VERDICT_COLOURS, breaksOf, codeOf, colourTable, rgba } from "./scale";
import { source } from "./source";
import { about, areas, panes, step } from "./state";
import type { Metric, State } from "./types";

const SIDE = 256;
const MOST_TILES = 240;

class Kept<T> {
  private readonly held = new Map<string, Promise<T>>();
  constructor(private readonly most: number) {}
  get(key: string, load: () => Promise<T>): Promise<T> {
    let found = this.held.get(key);
    if (found) this.held.delete(key);
    else {
      found = load();
      found.catch(() => this.held.delete(key)); // a lost server is asked again
    }
    this.held.set(key, found);
    if (this.held.size > this.most) this.held.delete(this.held.keys().next().value!);
    return found;
  }
}

const areaTiles = new Kept<Uint32Array | null>(MOST_TILES);
const cellTiles = new Kept<Uint32Array | null>(MOST_TILES);
const cellSteps = new Kept<Uint8Array | null>(MOST_TILES);
const areaValues = new Kept<Uint16Array>(16);

export const valuesOf = (state: State, metric: Metric): Promise<Uint16Array> =>
  areaValues.get(`${state}/${metric}`, () => source.values(state, metric));

export const areaTile = (z: number, x: number, y: number): Promise<Uint32Array | null> =>
  areaTiles.get(`${z}/${x}/${y}`, () => source.areaTile(z, x, y));

/** Colour of each area on the day that is shown; the first is that of no area. */
async function areaColours(pane: number): Promise<Uint32Array> {
  const { shown, state } = panes.value[pane] ?? panes.value[0]!;
  const table = areas.value;
  const num = about.value!.num_areas;
  const out = new Uint32Array(num + 1);
  if (shown === "verdict") {
    for (let a = 0; a < num; a++) {
      const colour = VERDICT_COLOURS[table?.verdict[a] ?? ""];
      out[a + 1] = colour ? rgba(colour, 225) : UNKNOWN_RGBA;
    }
    return out;
  }
  const codes = await valuesOf(state, METRIC_OF[shown]);
  const now = codes.subarray(step.value * num, (step.value + 1) * num);
  const breaks = breaksOf(shown, "areas");
  const fixed = breaks.map(codeOf);
  const perKm2 = shown !== "chance" && table;
  const decade = codeOf(10) - codeOf(1);
  for (let a = 0; a < num; a++) {
    let code = now[a]!;
    if (code === 65_535) {
      out[a + 1] = UNKNOWN_RGBA;
      continue;
    }
    if (code === 0) {
      out[a + 1] = NONE_RGBA;
      continue;
    }
    // a density is the number over the ground: on a scale of logarithms, a shift
    if (perKm2) code -= decade * Math.log10(Math.max(table.area_m2[a] ?? 1e6, 1) / 1e6);
    let k = 0;
    while (k < fixed.length && code >= fixed[k]!) k++;
    out[a + 1] = CLASS_RGBA[k]!;
  }
  return out;
}

const drawnColours = new Map<string, Promise<Uint32Array>>();

function coloursNow(pane: number): Promise<Uint32Array> {
  const { shown, state } = panes.value[pane] ?? panes.value[0]!;
  const key = `${shown}/${state}/${step.value}/${areas.value ? 1 : 0}`;
  let found = drawnColours.get(key);
  if (!found) {
    if (drawnColours.size > 64) drawnColours.clear();
    found = areaColours(pane);
    drawnColours.set(key, found);
  }
  return found;
}

function picture(pixels: Uint32Array): Promise<ImageBitmap> {
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer as ArrayBuffer), SIDE, SIDE);
  return createImageBitmap(image, { premultiplyAlpha: "premultiply", colorSpaceConversion: "none" });
}

let empty: Promise<ImageBitmap> | null = null;
const nothing = (): Promise<ImageBitmap> => (empty ??= picture(new Uint32Array(SIDE * SIDE)));

async function drawAreas(pane: number, z: number, x: number, y: number): Promise<ImageBitmap> {
  const [numbers, colours] = await Promise.all([areaTile(z, x, y), coloursNow(pane)]);
  if (!numbers) return createImageBitmap(await nothing());
  const out = new Uint32Array(SIDE * SIDE);
  for (let i = 0; i < out.length; i++) out[i] = colours[numbers[i]!]!;
  return picture(out);
}

async function drawCells(pane: number, z: number, x: number, y: number): Promise<ImageBitmap> {
  const { shown, state } = panes.value[pane] ?? panes.value[0]!;
  const metric = METRIC_OF[shown];
  const key = `${z}/${x}/${y}`;
  const [numbers, steps] = await Promise.all([
    cellTiles.get(key, () => source.cellTile(z, x, y)),
    cellSteps.get(`${key}/${state}/${metric}`, () => source.cellSteps(z, x, y, state, metric)),
  ]);
  if (!numbers || !steps || !steps.length) return createImageBitmap(await nothing());
  const num = steps.length / about.value!.dates.length;
  const colours = colourTable(shown === "verdict" ? "chance" : shown, about.value!.cell_m);
  const now = steps.subarray(step.value * num, (step.value + 1) * num);
  const byCell = new Uint32Array(num + 1);
  for (let i = 0; i < num; i++) byCell[i + 1] = colours[now[i]!]!;
  const out = new Uint32Array(SIDE * SIDE);
  for (let i = 0; i < out.length; i++) out[i] = byCell[numbers[i]!]!;
  return picture(out);
}

/** `remnant://areas/0/z/x/y?…` and `remnant://cells/…`: pictures for the map. */
export function registerTiles(): void {
  maplibregl.addProtocol("remnant", async ({ url }) => {
    const [kind, pane, z, x, y] = url.slice("remnant://".length).split("?")[0]!.split("/");
    const draw = kind === "areas" ? drawAreas : drawCells;
    return { data: await draw(Number(pane), Number(z), Number(x), Number(y)) };
  });
}

/** Ask the map to colour its tiles again whenever what it shows has changed. */
export function followState(map: maplibregl.Map, pane: number, done: () => void): () => void {
  let version = 0;
  return effect(() => {
    // read what the colours depend on
    void [step.value, panes.value, areas.value];
    version++;
    for (const kind of ["cells", "areas"]) {
      const raster = map.getSource(kind) as maplibregl.RasterTileSource | undefined;
      raster?.setTiles([`remnant://${kind}/${pane}/{z}/{x}/{y}?v=${version}`]);
    }
    map.once("idle", done);
  });
}
