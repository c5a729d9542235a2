// What the server sends, as the Python side writes it (io/write_view.py).

export type State = "armed" | "expired" | "dud" | "explosive";
export type Metric = "mean" | "q05" | "q95" | "p_any";
export const STATES: readonly State[] = ["armed", "expired", "dud", "explosive"];
export const METRICS: readonly Metric[] = ["mean", "q05", "q95", "p_any"];

export interface Row {
  [column: string]: string | number | boolean | null;
}

export interface About {
  format: string;
  name: string;
  as_of: string;
  asked_dates: string[];
  dates: string[];
  code_log10: [number, number];
  num_areas: number;
  num_cells: number;
  num_records: number;
  cell_m: number;
  crs: string;
  bounds: [number, number, number, number];
  totals: Row[];
  curve: Row[];
  policy: Row;
  judgements: string[];
  findings: Row[];
  provenance: Record<string, unknown>;
  has_release: boolean;
  release_notes: string[];
}

export type Curve = (number | null)[][][]; // [state][metric][date]

export interface AreaTable {
  area_id: string[];
  hazard_class: string[];
  status: string[];
  types: string[];
  layer: string[];
  row: number[];
  area_m2: (number | null)[];
  place_known: boolean[];
  searched_share: (number | null)[];
  num_found: (number | null)[];
  p_exists: (number | null)[];
  verdict: string[];
  reasons: string[];
  search_m2: (number | null)[];
  west: (number | null)[];
  south: (number | null)[];
  east: (number | null)[];
  north: (number | null)[];
  deciding?: string[];
  missing_evidence?: string[];
  to_fetch?: string[];
  wait_until?: (string | null)[];
  search_method?: string[];
}

export interface Why {
  area: number;
  curve: Curve;
  weights: Row[];
  criteria: Row[];
  methods: Row[];
  records: Row[];
}

export interface CellAt {
  cell: number | null;
  curve: Curve | null;
}
