// Where the data come from: the server that sent the page, or the page itself when it is one file.

import type { About, AreaTable, CellAt, Metric, State, Why } from "./types";
import { embedded } from "./embedded";

export interface Source {
  about(): Promise<About>;
  areas(): Promise<AreaTable>;
  why(area: number): Promise<Why>;
  values(state: State, metric: Metric): Promise<Uint16Array>;
  cellAt(longitude: number, latitude: number): Promise<CellAt>;
  areaTile(z: number, x: number, y: number): Promise<Uint32Array | null>;
  cellTile(z: number, x: number, y: number): Promise<Uint32Array | null>;
  cellSteps(z: number, x: number, y: number, state: State, metric: Metric): Promise<Uint8Array | null>;
  shapes(name: string): string | ArrayBuffer | null;
  places(): Promise<Place[]>;
  workerUrl(): string | null;
  // what only a server can do
  job?(method: "GET" | "POST" | "DELETE"): Promise<Job>;
  reportUrl?(language: string, area: number | null): string;
  verdicts?(policy: Record<string, unknown>): Promise<Pick<AreaTable, "verdict" | "reasons" | "deciding">>;
  totals?(ring: Ring, date: string): Promise<Totals>;
  selection?(areas: number[], step: number, format: string): Promise<Blob>;
}

export interface Job {
  state: "none" | "running" | "done" | "failed" | "cancelled";
  step: string;
  share: number;
  said: string;
  began: number;
}

export type Ring = [number, number][];

export interface Totals {
  area_m2: number;
  reckoned_m2: number;
  num_cells: number;
  date: string;
  states: Record<State, { mean: number; q05: number; q95: number; p_any: number }>;
}

/** Name, longitude, latitude, zoom from which it is shown. */
export type Place = [string, number, number, number];

export class Refused extends Error {
  constructor(
    said: string,
    readonly kind = "",
  ) {
    super(said);
  }
}

async function answer(path: string, sent?: unknown, method = "POST"): Promise<Response> {
  let got: Response;
  try {
    got = await fetch(
      path,
      sent === undefined
        ? { credentials: "same-origin" }
        : {
            credentials: "same-origin",
            method,
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(sent),
          },
    );
  } catch {
    throw new Refused("lost");
  }
  if (!got.ok) {
    const body = (await got.json().catch(() => null)) as { error?: { said?: string; kind?: string } } | null;
    throw new Refused(body?.error?.said ?? `${got.status}`, body?.error?.kind);
  }
  return got;
}

const json = async <T>(path: string): Promise<T> => (await (await answer(path)).json()) as T;
const bytes = async (path: string): Promise<ArrayBuffer> => (await answer(path)).arrayBuffer();

const served: Source = {
  about: () => json("api/map"),
  areas: () => json("api/areas"),
  why: (area) => json(`api/areas/${area}`),
  values: async (state, metric) => new Uint16Array(await bytes(`api/values/${state}/${metric}`)),
  cellAt: (longitude, latitude) => json(`api/cells/at?longitude=${longitude}&latitude=${latitude}`),
  areaTile: async (z, x, y) => new Uint32Array(await bytes(`tiles/areas/${z}/${x}/${y}`)),
  cellTile: async (z, x, y) => new Uint32Array(await bytes(`tiles/cells/${z}/${x}/${y}`)),
  cellSteps: async (z, x, y, state, metric) =>
    new Uint8Array(await bytes(`tiles/cells/${z}/${x}/${y}/${state}/${metric}`)),
  shapes: (name) => new URL(name in BASE ? `base/${name}.pmtiles` : `data/${name}.pmtiles`, document.baseURI).href,
  places: () => json("base/places.json"),
  job: async (method) => (await answer("api/job", method === "GET" ? undefined : {}, method)).json(),
  reportUrl: (language, area) => `api/report.pdf?language=${language}${area === null ? "" : `&area=${area}`}`,
  verdicts: async (policy) => (await answer("api/verdicts", policy)).json(),
  totals: async (ring, date) => (await answer("api/totals", { coordinates: [ring], date })).json(),
  selection: async (areas, step, format) => (await answer("api/selection", { areas, step, format })).blob(),
  workerUrl: () => null,
};

const BASE: Record<string, true> = { land: true, units: true, disputed: true };

export const source: Source = embedded() ?? served;
