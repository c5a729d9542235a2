// Tiles and tables that were asked for once are kept for a while.

import { source } from "./source";
import type { Metric, State } from "./types";

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
const areaValues = new Kept<Uint16Array>(16);

export const valuesOf = (state: State, metric: Metric): Promise<Uint16Array> =>
  areaValues.get(`${state}/${metric}`, () => source.values(state, metric));

export const areaTile = (z: number, x: number, y: number): Promise<Uint32Array | null> =>
  areaTiles.get(`${z}/${x}/${y}`, () => source.areaTile(z, x, y));

// these go to the graphics card, which keeps them
export const cellTile = (z: number, x: number, y: number): Promise<Uint32Array | null> => source.cellTile(z, x, y);

export const cellSteps = (z: number, x: number, y: number, state: State, metric: Metric): Promise<Uint8Array | null> =>
  source.cellSteps(z, x, y, state, metric);
