// Areas and cells as a layer of the map. Its tiles say which area or cell each pixel shows; what these hold on every day
// lies beside them on the graphics card, so that a step of the slider changes one number and loads nothing.

import type * as maplibregl from "maplibre-gl";
import { CLASS_COLOURS, METRIC_OF, breakCodes, rgb, NONE_COLOUR, UNKNOWN_COLOUR, VERDICT_COLOURS, decadeCodes } from "./scale";
import type { Pane } from "./state";
import { areaTile, cellSteps, cellTile, valuesOf } from "./tiles";
import type { About, AreaTable } from "./types";

const SIDE = 256;
const WIDTH = 2048; // texels in a row of tables
const MOST_ZOOM = 18;
const MOST_HELD = 160;
const VERDICTS = Object.keys(VERDICT_COLOURS);

const VERTEX = `#version 300 es
uniform mat4 matrix;
in vec2 corner;
out vec2 at;
void main() { at = corner; gl_Position = matrix * vec4(corner, 0.0, 1.0); }`;

const FRAGMENT = `#version 300 es
precision highp float; precision highp int; precision highp sampler2D; precision highp usampler2D;
in vec2 at;
out vec4 colour;
uniform usampler2D areaIndex, cellIndex, cellSteps, areaCodes;
uniform sampler2D areaTable;
uniform int date, numAreas, stepRows, kind; // kind 0 chance, 1 density, 2 verdict
uniform bool withAreas, withCells;
uniform float areaBreaks[5], cellBreaks[5], over;
uniform vec3 classes[6], verdicts[5], none, unknown;

vec3 classOf(float code, float breaks[5]) {
  int k = 0;
  for (int i = 0; i < 5; i++) if (code >= breaks[i]) k = i + 1;
  return classes[k];
}

void main() {
  ivec2 pixel = min(ivec2(at * ${SIDE}.0), ivec2(${SIDE - 1}));
  vec4 seen = vec4(0.0);
  if (withCells) {
    uint n = texelFetch(cellIndex, pixel, 0).r;
    if (n > 0u) {
      int i = int(n) - 1;
      uint s = texelFetch(cellSteps, ivec2(i & 255, date * stepRows + (i >> 8)), 0).r;
      seen = vec4(s == 0u ? none : s == 255u ? unknown : classOf(float(s) * 256.0 + 128.0, cellBreaks), 0.85);
    }
  }
  if (withAreas) {
    uint n = texelFetch(areaIndex, pixel, 0).r;
    if (n > 0u) {
      int a = int(n) - 1;
      vec4 told = texelFetch(areaTable, ivec2(a % ${WIDTH}, a / ${WIDTH}), 0);
      vec3 k;
      if (kind == 2) k = verdicts[int(told.g)];
      else {
        int i = date * numAreas + a;
        uint code = texelFetch(areaCodes, ivec2(i % ${WIDTH}, i / ${WIDTH}), 0).r;
        k = code == 65535u ? unknown : code == 0u ? none
          : classOf(float(code) - (kind == 1 ? told.r : 0.0), areaBreaks);
      }
      float share = seen.a > 0.0 ? over : 0.9;
      seen = vec4(mix(seen.rgb, k, seen.a > 0.0 ? share : 1.0), 0.9);
    }
  }
  colour = vec4(seen.rgb * seen.a, seen.a);
}`;

interface Tile {
  areas: WebGLTexture | null;
  cells: WebGLTexture | null;
  numCells: number;
  steps: WebGLTexture | null;
  stepsOf: string; // state and metric that the steps are of
  used: number;
}

/** What the layer shows; set anew whenever the page's state changes. */
export interface Shown {
  pane: Pane;
  step: number;
  areas: boolean;
  cells: boolean;
}

export class GroundLayer implements maplibregl.CustomLayerInterface {
  readonly id = "ground";
  readonly type = "custom" as const;
  readonly renderingMode = "2d" as const;
  shown: Shown;
  private gl!: WebGL2RenderingContext;
  private map!: maplibregl.Map;
  private program!: WebGLProgram;
  private corners!: WebGLBuffer;
  private vertices!: WebGLVertexArrayObject;
  private readonly places = new Map<string, WebGLUniformLocation | null>();
  private readonly tiles = new Map<string, Tile | "asked">();
  private codes: { of: string; texture: WebGLTexture } | null = null;
  private codesAsked = "";
  private table: WebGLTexture | null = null;
  private tableOf: AreaTable | null = null;
  private frames = 0;
  private numAsked = 0;

  constructor(
    shown: Shown,
    private readonly about: About,
    private readonly areaTable: () => AreaTable | null,
    private readonly drawn: () => void,
  ) {
    this.shown = shown;
  }

  onAdd(map: maplibregl.Map, gl: WebGLRenderingContext | WebGL2RenderingContext): void {
    this.map = map;
    this.gl = gl as WebGL2RenderingContext;
    this.program = compiled(this.gl);
    this.corners = this.gl.createBuffer()!;
    this.vertices = this.gl.createVertexArray()!;
    this.gl.bindVertexArray(this.vertices);
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.corners);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), this.gl.STATIC_DRAW);
    const corner = this.gl.getAttribLocation(this.program, "corner");
    this.gl.enableVertexAttribArray(corner);
    this.gl.vertexAttribPointer(corner, 2, this.gl.FLOAT, false, 0, 0);
    this.gl.bindVertexArray(null);
  }

  onRemove(): void {
    for (const tile of this.tiles.values()) if (tile !== "asked") this.forget(tile);
    this.tiles.clear();
  }

  render(_: unknown, args: maplibregl.CustomRenderMethodInput): void {
    const { gl } = this;
    this.frames++;
    const isReady = this.prepare();
    gl.useProgram(this.program);
    gl.bindVertexArray(this.vertices);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.setUniforms();
    let isWhole = isReady;
    const matrix = args.defaultProjectionData.mainMatrix as ArrayLike<number>;
    for (const id of this.map.coveringTiles({ tileSize: SIDE, minzoom: 0, maxzoom: MOST_ZOOM, roundZoom: true })) {
      const { z, x, y } = id.canonical;
      const tile = this.tile(z, x, y);
      if (tile && isReady) this.draw(tile, matrix, z, x + id.wrap * 2 ** z, y);
      if (!tile || !this.isWhole(tile)) isWhole = false;
    }
    gl.bindVertexArray(null);
    if (this.tiles.size > MOST_HELD) this.tidy();
    if (isWhole && this.numAsked === 0) this.drawn();
  }

  /** Codes of areas, and the table of areas, on the card; false: asked for. */
  private prepare(): boolean {
    const { gl } = this;
    const { pane } = this.shown;
    const metric = METRIC_OF[pane.shown];
    const wanted = `${pane.state}/${metric}`;
    const table = this.areaTable();
    if (table && this.tableOf !== table) {
      const rows = Math.max(1, Math.ceil(this.about.num_areas / WIDTH));
      const values = new Float32Array(WIDTH * rows * 2);
      for (let a = 0; a < this.about.num_areas; a++) {
        // a density is the number over the ground: on a scale of logarithms, a shift
        values[2 * a] = decadeCodes() * Math.log10(Math.max(table.area_m2[a] ?? 1e6, 1) / 1e6);
        const verdict = VERDICTS.indexOf(table.verdict[a]!);
        values[2 * a + 1] = verdict < 0 ? VERDICTS.length : verdict;
      }
      if (this.table) gl.deleteTexture(this.table);
      this.table = texture(gl, gl.RG32F, WIDTH, rows, gl.RG, gl.FLOAT, values);
      this.tableOf = table;
    }
    if (this.about.num_areas && this.codes?.of !== wanted && this.codesAsked !== wanted) {
      this.codesAsked = wanted;
      this.numAsked++;
      void valuesOf(pane.state, metric)
        .then((codes) => {
          const rows = Math.max(1, Math.ceil(codes.length / WIDTH));
          const padded = new Uint16Array(WIDTH * rows);
          padded.set(codes);
          if (this.codes) gl.deleteTexture(this.codes.texture);
          this.codes = { of: wanted, texture: texture(gl, gl.R16UI, WIDTH, rows, gl.RED_INTEGER, gl.UNSIGNED_SHORT, padded) };
        })
        .catch(() => (this.codesAsked = ""))
        .finally(() => this.answered());
    }
    // a chance needs no table of areas: the first view does not wait for it
    const hasTable = this.table !== null || pane.shown === "chance";
    return !this.about.num_areas || (this.codes !== null && hasTable);
  }

  private tile(z: number, x: number, y: number): Tile | null {
    const key = `${z}/${x}/${y}`;
    const held = this.tiles.get(key);
    if (held === "asked") return null;
    if (held) {
      held.used = this.frames;
      this.steps(held, z, x, y);
      return held;
    }
    this.tiles.set(key, "asked");
    this.numAsked++;
    void Promise.all([this.about.num_areas ? areaTile(z, x, y) : null, this.about.num_cells ? cellTile(z, x, y) : null])
      .then(([areas, cells]) => {
        const { gl } = this;
        const index = (pixels: Uint32Array | null): WebGLTexture | null =>
          pixels && texture(gl, gl.R32UI, SIDE, SIDE, gl.RED_INTEGER, gl.UNSIGNED_INT, pixels);
        const numCells = cells ? cells.reduce((most, n) => Math.max(most, n), 0) : 0;
        this.tiles.set(key, {
          areas: areas?.some((n) => n) ? index(areas) : null,
          cells: numCells ? index(cells) : null,
          numCells,
          steps: null,
          stepsOf: "",
          used: this.frames,
        });
      })
      .catch(() => this.tiles.delete(key))
      .finally(() => this.answered());
    return null;
  }

  /** What the cells of a tile hold on all days, of the state and metric that is shown. */
  private steps(tile: Tile, z: number, x: number, y: number): void {
    const { pane, cells } = this.shown;
    const metric = METRIC_OF[pane.shown];
    const wanted = `${pane.state}/${metric}`;
    if (!tile.cells || !cells || tile.stepsOf === wanted) return;
    tile.stepsOf = wanted;
    this.numAsked++;
    void cellSteps(z, x, y, pane.state, metric)
      .then((steps) => {
        if (!steps || tile.stepsOf !== wanted) return;
        const { gl } = this;
        const dates = this.about.dates.length;
        const num = steps.length / dates;
        const rows = Math.max(1, Math.ceil(num / SIDE));
        const padded = new Uint8Array(SIDE * rows * dates);
        for (let t = 0; t < dates; t++) padded.set(steps.subarray(t * num, (t + 1) * num), t * rows * SIDE);
        if (tile.steps) gl.deleteTexture(tile.steps);
        tile.steps = texture(gl, gl.R8UI, SIDE, rows * dates, gl.RED_INTEGER, gl.UNSIGNED_BYTE, padded);
      })
      .catch(() => (tile.stepsOf = ""))
      .finally(() => this.answered());
  }

  private answered(): void {
    this.numAsked--;
    this.map.triggerRepaint();
  }

  private isWhole(tile: Tile): boolean {
    return !tile.cells || !this.shown.cells || tile.steps !== null;
  }

  private setUniforms(): void {
    const { gl } = this;
    const { pane, step } = this.shown;
    const kind = pane.shown === "chance" ? 0 : pane.shown === "verdict" ? 2 : 1;
    gl.uniform1i(this.at("date"), step);
    gl.uniform1i(this.at("numAreas"), this.about.num_areas);
    gl.uniform1i(this.at("kind"), kind);
    gl.uniform1fv(this.at("areaBreaks"), breakCodes(pane.shown, "areas", 1));
    const cellKm2 = this.about.cell_m ** 2 / 1e6;
    gl.uniform1fv(this.at("cellBreaks"), breakCodes(pane.shown === "verdict" ? "chance" : pane.shown, "cells", cellKm2));
    gl.uniform1f(this.at("over"), this.map.getZoom() < 13 ? 0.9 : 0.55);
    gl.uniform3fv(this.at("classes"), CLASS_COLOURS);
    gl.uniform3fv(this.at("verdicts"), [...Object.values(VERDICT_COLOURS), UNKNOWN_COLOUR].flatMap(rgb));
    gl.uniform3fv(this.at("none"), rgb(NONE_COLOUR));
    gl.uniform3fv(this.at("unknown"), rgb(UNKNOWN_COLOUR));
    ["areaIndex", "cellIndex", "cellSteps", "areaCodes", "areaTable"].forEach((name, unit) =>
      gl.uniform1i(this.at(name), unit),
    );
    this.bind(3, this.codes?.texture ?? null);
    this.bind(4, this.table);
  }

  private draw(tile: Tile, matrix: ArrayLike<number>, z: number, x: number, y: number): void {
    const { gl } = this;
    const withAreas = this.shown.areas && tile.areas !== null;
    const withCells = this.shown.cells && tile.steps !== null;
    if (!withAreas && !withCells) return;
    gl.uniform1i(this.at("withAreas"), Number(withAreas));
    gl.uniform1i(this.at("withCells"), Number(withCells));
    gl.uniform1i(this.at("stepRows"), Math.max(1, Math.ceil(tile.numCells / SIDE)));
    gl.uniformMatrix4fv(this.at("matrix"), false, placed(matrix, x / 2 ** z, y / 2 ** z, 1 / 2 ** z));
    this.bind(0, tile.areas);
    this.bind(1, tile.cells);
    this.bind(2, tile.steps);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  private bind(unit: number, held: WebGLTexture | null): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + unit);
    this.gl.bindTexture(this.gl.TEXTURE_2D, held);
  }

  private at(name: string): WebGLUniformLocation | null {
    if (!this.places.has(name)) this.places.set(name, this.gl.getUniformLocation(this.program, name));
    return this.places.get(name)!;
  }

  private tidy(): void {
    const old = [...this.tiles].filter((entry): entry is [string, Tile] => entry[1] !== "asked" && entry[1].used < this.frames);
    old.sort((a, b) => a[1].used - b[1].used);
    for (const [key, tile] of old.slice(0, Math.floor(MOST_HELD / 2))) {
      this.forget(tile);
      this.tiles.delete(key);
    }
  }

  private forget(tile: Tile): void {
    for (const held of [tile.areas, tile.cells, tile.steps]) if (held) this.gl.deleteTexture(held);
  }
}

/** The map's matrix after a square of the world was moved to 0 to 1: in double precision, so that near is sharp. */
function placed(m: ArrayLike<number>, x: number, y: number, size: number): Float32Array {
  const out = new Float32Array(16);
  for (let i = 0; i < 4; i++) {
    out[i] = m[i]! * size;
    out[4 + i] = m[4 + i]! * size;
    out[8 + i] = m[8 + i]!;
    out[12 + i] = m[i]! * x + m[4 + i]! * y + m[12 + i]!;
  }
  return out;
}

function texture(
  gl: WebGL2RenderingContext, inside: number, width: number, height: number, format: number, type: number,
  values: ArrayBufferView,
): WebGLTexture {
  const made = gl.createTexture()!;
  gl.activeTexture(gl.TEXTURE7);
  gl.bindTexture(gl.TEXTURE_2D, made);
  // the map may have left other ways of reading behind
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.texImage2D(gl.TEXTURE_2D, 0, inside, width, height, 0, format, type, values);
  for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  gl.bindTexture(gl.TEXTURE_2D, null);
  return made;
}

function compiled(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()!;
  for (const [kind, code] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, code);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    const said = gl.getAttachedShaders(program)?.map((s) => gl.getShaderInfoLog(s)).join(" ");
    throw new Error(`the map's colours cannot be drawn here: ${gl.getProgramInfoLog(program) ?? ""} ${said ?? ""}`);
  }
  return program;
}
