// One map: base, cells, areas, records.

import * as maplibregl from "maplibre-gl";
import type { Feature, GeoJsonProperties } from "geojson";
import type { StyleSpecification } from "maplibre-gl";
import workerFile from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";
import { PMTiles, Protocol, type RangeResponse, type Source as ByteSource } from "pmtiles";
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { source } from "./source";
import { about, areas, chosenCell, drawing, drawn, failure, hover, layers, panes, selected, step } from "./state";
import { GroundLayer } from "./ground";
import { areaTile } from "./tiles";

class Held implements ByteSource {
  constructor(
    private readonly name: string,
    private readonly bytes: ArrayBuffer,
  ) {}
  getKey = (): string => this.name;
  getBytes = async (offset: number, length: number): Promise<RangeResponse> => ({
    data: this.bytes.slice(offset, offset + length),
  });
}

const protocol = new Protocol();
let isReady = false;

function prepare(): void {
  if (isReady) return;
  isReady = true;
  const worker = source.workerUrl() ?? workerUrl();
  maplibregl.setWorkerUrl(worker);
  maplibregl.addProtocol("pmtiles", protocol.tile);
}

const workerUrl = (): string => new URL(workerFile, document.baseURI).href;

function shapes(name: string): string | null {
  const where = source.shapes(name);
  if (where === null) return null;
  if (typeof where === "string") return `pmtiles://${where}`;
  protocol.add(new PMTiles(new Held(name, where)));
  return `pmtiles://${name}`;
}

const FONT = ["Noto Sans, Segoe UI, Roboto, DejaVu Sans, sans-serif"];
const RECORD_COLOURS = ["match", ["get", "kind"], "accident", "#111111", "find", "#1f4e8c", "#3f6fa8"];

function styleOf(): StyleSpecification {
  const sources: StyleSpecification["sources"] = {};
  for (const name of ["land", "units", "disputed", "areas-shapes", "records-shapes"]) {
    const url = shapes(name.replace("-shapes", ""));
    if (url) sources[name] = { type: "vector", url };
  }
  sources.drawn = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  sources.places = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  const has = (name: string): boolean => name in sources;
  const style: StyleSpecification = {
    version: 8,
    sources,
    layers: [{ id: "sea", type: "background", paint: { "background-color": "#e6ebef" } }],
  };
  const add = (layer: StyleSpecification["layers"][number]): void => {
    if ("source" in layer && !has(layer.source as string)) return;
    style.layers.push(layer);
  };
  add({ id: "land", type: "fill", source: "land", "source-layer": "land", paint: { "fill-color": "#f7f5f0" } });
  add({ id: "units", type: "line", source: "units", "source-layer": "units", paint: { "line-color": "#cfcac2", "line-width": 0.7 } });
  add({ id: "borders", type: "line", source: "land", "source-layer": "land", paint: { "line-color": "#8d8794", "line-width": 1 } });
  add({
    id: "disputed", type: "line", source: "disputed", "source-layer": "disputed",
    paint: { "line-color": "#8d8794", "line-width": 1, "line-dasharray": [3, 2] },
  });
  add({
    id: "outlines", type: "line", source: "areas-shapes", "source-layer": "areas",
    paint: { "line-color": "#2b2730", "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.4, 14, 1.4] },
  });
  add({
    id: "chosen", type: "line", source: "areas-shapes", "source-layer": "areas", filter: ["==", ["get", "i"], -1],
    paint: { "line-color": "#0b3c8c", "line-width": 4 },
  });
  add({
    id: "searches", type: "line", source: "records-shapes", "source-layer": "records",
    filter: ["all", ["!=", ["geometry-type"], "Point"], ["!=", ["geometry-type"], "MultiPoint"]],
    minzoom: 10,
    paint: { "line-color": "#3f6fa8", "line-width": 1, "line-dasharray": [4, 2] },
  });
  add({
    id: "records", type: "circle", source: "records-shapes", "source-layer": "records",
    filter: ["match", ["geometry-type"], ["Point", "MultiPoint"], true, false],
    minzoom: 9,
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 1.5, 15, 5],
      "circle-color": RECORD_COLOURS as never,
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": 1,
    },
  });
  add({
    id: "places", type: "symbol", source: "places",
    filter: ["<=", ["get", "z"], ["zoom"]],
    layout: {
      "text-field": ["get", "name"],
      "text-font": FONT,
      "text-size": ["interpolate", ["linear"], ["get", "z"], 2, 15, 8, 11],
      "symbol-sort-key": ["get", "z"],
    },
    paint: { "text-color": "#3c3942", "text-halo-color": "#ffffff", "text-halo-width": 1.4 },
  });
  add({ id: "drawn-line", type: "line", source: "drawn", paint: { "line-color": "#0b3c8c", "line-width": 3, "line-dasharray": [2, 1] } });
  add({
    id: "drawn-corners", type: "circle", source: "drawn", filter: ["==", ["geometry-type"], "Point"],
    paint: { "circle-radius": 5, "circle-color": "#ffffff", "circle-stroke-color": "#0b3c8c", "circle-stroke-width": 2 },
  });
  return style;
}

const BY_SWITCH: Record<string, string[]> = {
  areas: ["outlines", "chosen"],
  records: ["records", "searches"],
  base: ["land", "units", "borders", "disputed", "places"],
};

/** Number of the area under a place of the screen, from the tile that shows it; −1: none. */
async function areaAt(map: maplibregl.Map, place: maplibregl.LngLat): Promise<number> {
  const z = Math.max(0, Math.min(18, Math.floor(map.getZoom() + 0.5)));
  const at = maplibregl.MercatorCoordinate.fromLngLat(place);
  const scale = 2 ** z;
  const [x, y] = [Math.floor(at.x * scale), Math.floor(at.y * scale)];
  const tile = await areaTile(z, x, y).catch(() => null);
  if (!tile) return -1;
  const [column, row] = [Math.floor((at.x * scale - x) * 256), Math.floor((at.y * scale - y) * 256)];
  return (tile[row * 256 + column] ?? 0) - 1;
}

const point = (coordinates: [number, number], properties: GeoJsonProperties): Feature => ({
  type: "Feature",
  properties,
  geometry: { type: "Point", coordinates },
});

const shown: maplibregl.Map[] = [];
let isFollowing = false;
const REST_MS = 120;
const MOST_TO_FLY_OVER = 5_000; // with more, every picture on the way asks for tiles that nobody looks at

export function MapPane({ pane, label }: { pane: number; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    prepare();
    const first = shown.find((m) => m);
    const map = new maplibregl.Map({
      container: place.current!,
      style: styleOf(),
      ...(first
        ? { center: first.getCenter(), zoom: first.getZoom() }
        : { bounds: about.value!.bounds, fitBoundsOptions: { padding: 30, maxZoom: 14 } }),
      maxZoom: 20,
      attributionControl: { compact: true, customAttribution: "Natural Earth; places © GeoNames (CC BY 4.0)" },
      dragRotate: false,
      pitchWithRotate: false,
      canvasContextAttributes: { preserveDrawingBuffer: true },
    });
    map.touchZoomRotate.disableRotation();
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new maplibregl.ScaleControl({}), "bottom-right");
    map.getCanvas().setAttribute("aria-label", label);
    shown[pane] = map;
    (window as unknown as { remnantMaps: maplibregl.Map[] }).remnantMaps = shown;
    const stops: (() => void)[] = [];
    const showPlaces = (): Promise<void> => source.places().then((places) => {
      const features = places.map(([name, longitude, latitude, z]) => point([longitude, latitude], { name, z }));
      (map.getSource("places") as maplibregl.GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features });
    });
    map.once("load", () => {
      document.body.dataset.ready = "1";
      const shownNow = (): GroundLayer["shown"] => ({
        pane: panes.value[pane] ?? panes.value[0]!,
        step: step.value,
        areas: layers.value.areas,
        cells: layers.value.cells,
      });
      let isFirst = true;
      const ground = new GroundLayer(shownNow(), about.value!, () => areas.value, () => {
        document.body.dataset.drawn = String(performance.now());
        if (!isFirst) return;
        isFirst = false;
        firstDrawn();
        void showPlaces().catch(() => undefined); // names come when what matters is there
      });
      map.addLayer(ground, map.getLayer("outlines") ? "outlines" : "drawn-line");
      stops.push(
        effect(() => {
          ground.shown = shownNow();
          void areas.value;
          map.triggerRepaint();
        }),
        effect(() => {
          for (const [name, on] of Object.entries(layers.value))
            for (const id of BY_SWITCH[name] ?? [])
              if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", on ? "visible" : "none");
        }),
        effect(() => {
          const ring = drawn.value;
          const closed = ring.length > 2 ? [...ring, ring[0]!] : ring;
          const corners = ring.map((at) => point(at, {}));
          const line: Feature[] =
            ring.length > 1
              ? [{ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: closed } }]
              : [];
          (map.getSource("drawn") as maplibregl.GeoJSONSource).setData({
            type: "FeatureCollection",
            features: [...line, ...corners],
          });
        }),
        effect(() => {
          map.getCanvas().style.cursor = drawing.value ? "crosshair" : "";
          if (drawing.value) map.doubleClickZoom.disable();
          else map.doubleClickZoom.enable();
        }),
        effect(() => {
          if (map.getLayer("chosen")) map.setFilter("chosen", ["==", ["get", "i"], selected.value ?? -1]);
        }),
      );
    });
    let asked = 0;
    map.on("mousemove", (event) => {
      const mine = ++asked;
      void areaAt(map, event.lngLat).then((area) => {
        if (mine !== asked) return;
        if (!drawing.value) map.getCanvas().style.cursor = area >= 0 ? "pointer" : "";
        const { clientX: x, clientY: y } = event.originalEvent;
        hover.value = area >= 0 ? { x, y, pane, area, cell: null } : null;
        if (area >= 0 || !layers.value.cells || !about.value!.num_cells) return;
        // a cell's numbers come from the server, when the pointer rests
        setTimeout(() => {
          if (mine !== asked) return;
          void source.cellAt(event.lngLat.lng, event.lngLat.lat).then(
            ({ curve }) => {
              if (mine === asked && curve) hover.value = { x, y, pane, area: null, cell: curve };
            },
            () => undefined,
          );
        }, REST_MS);
      });
    });
    map.on("mouseout", () => {
      asked++;
      hover.value = null;
    });
    map.on("click", (event) => {
      if (drawing.value) {
        drawn.value = [...drawn.value, [event.lngLat.lng, event.lngLat.lat]];
        return;
      }
      void areaAt(map, event.lngLat).then((area) => {
        if (area >= 0) {
          chosenCell.value = null;
          selected.value = area;
          return;
        }
        const { lng: longitude, lat: latitude } = event.lngLat;
        void source.cellAt(longitude, latitude).then(
          ({ curve }) => {
            if (!curve) return;
            selected.value = null;
            chosenCell.value = { longitude, latitude, curve };
          },
          (error: Error) => (failure.value = error.message),
        );
      });
    });
    const follow = (): void => {
      if (isFollowing) return;
      isFollowing = true;
      for (const other of shown)
        if (other && other !== map) other.jumpTo({ center: map.getCenter(), zoom: map.getZoom() });
      isFollowing = false;
    };
    map.on("move", follow);
    return () => {
      stops.forEach((stop) => stop());
      delete shown[pane];
      map.remove();
    };
  }, []);
  return <div class="map" ref={place} role="region" aria-label={label} data-pane={pane} />;
}

/** Corners of what the first map shows. */
export function windowRing(): [number, number][] {
  const box = shown.find((m) => m)!.getBounds();
  const [west, south, east, north] = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
  ];
}

let firstDrawn: () => void = () => undefined;
/** Resolves when the first map has drawn what it shows. */
export const drawnOnce = new Promise<void>((resolve) => (firstDrawn = resolve));

export function goTo(box: [number, number, number, number]): void {
  shown.find((m) => m)?.fitBounds(box, { padding: 80, maxZoom: 15, animate: about.value!.num_areas < MOST_TO_FLY_OVER, duration: 400 });
}
