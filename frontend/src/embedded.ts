// The data of a page that is one file: compressed, in elements that no browser runs.

import type { About, AreaTable, Curve, Row, Why } from "./types";
import { METRICS, STATES } from "./types";
import type { Place, Source } from "./source";
import { decoded, setScale } from "./scale";

const held = new Map<string, Promise<ArrayBuffer>>();

function element(name: string): HTMLElement | null {
  return document.getElementById(`data:${name}`);
}

function unpacked(name: string): Promise<ArrayBuffer> {
  let promise = held.get(name);
  if (!promise) {
    promise = inflate(element(name)?.textContent ?? "");
    held.set(name, promise);
  }
  return promise;
}

function raw(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

async function inflate(base64: string): Promise<ArrayBuffer> {
  const stream = new Blob([raw(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

async function text<T>(name: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await unpacked(name))) as T;
}

interface TileIndex {
  areas: Record<string, string>; // z/x/y → base64
  cells: Record<string, string>;
}

export function embedded(): Source | null {
  if (!element("map")) return null;
  const tiles = text<TileIndex>("tiles");
  const whys = text<Omit<Why, "area" | "curve">[]>("why");
  const records = text<Row[]>("records");
  const about = text<About>("map");
  void about.then((a) => setScale(a.code_log10));
  const values = async (state: string, metric: string): Promise<Uint16Array> =>
    new Uint16Array(await unpacked(`values-${state}-${metric}`));
  const areaCurve = async (area: number): Promise<Curve> => {
    const { num_areas, dates } = await about;
    return Promise.all(
      STATES.map((s) =>
        Promise.all(
          METRICS.map(async (m) => {
            const codes = await values(s, m);
            return dates.map((_, t) => decoded(codes[t * num_areas + area] ?? 0));
          }),
        ),
      ),
    );
  };
  return {
    about: () => about,
    areas: () => text<AreaTable>("areas"),
    why: async (area) => {
      const told = (await whys)[area]!;
      const every = await records;
      const touching = (told as unknown as { touching: number[] }).touching;
      return { ...told, area, curve: await areaCurve(area), records: touching.map((i) => ({ i, ...every[i]! })) };
    },
    values,
    cellAt: async () => ({ cell: null, curve: null }),
    areaTile: async (z, x, y) => {
      const packed = (await tiles).areas[`${z}/${x}/${y}`];
      return packed ? new Uint32Array(await inflate(packed)) : null;
    },
    cellTile: async (z, x, y) => {
      const packed = (await tiles).cells[`${z}/${x}/${y}`];
      return packed ? new Uint32Array(await inflate(packed)).subarray(0, 65_536) : null;
    },
    cellSteps: async (z, x, y, state, metric) => {
      const packed = (await tiles).cells[`${z}/${x}/${y}`];
      if (!packed || !element(`cells-${state}-${metric}`)) return null;
      const list = new Uint32Array(await inflate(packed)).subarray(65_536);
      const steps = new Uint8Array(await unpacked(`cells-${state}-${metric}`)); // (n_dates, n_cells)
      const { dates, num_cells } = await about;
      const out = new Uint8Array(dates.length * list.length);
      dates.forEach((_, t) => list.forEach((cell, i) => (out[t * list.length + i] = steps[t * num_cells + cell] ?? 0)));
      return out;
    },
    shapes: (name) => {
      const found = element(`shapes-${name}`);
      return found?.textContent ? raw(found.textContent).buffer : null;
    },
    places: () => text<Place[]>("places"),
    workerUrl: () => {
      const code = element("worker")?.textContent;
      return code ? URL.createObjectURL(new Blob([raw(code)], { type: "text/javascript" })) : null;
    },
  };
}
